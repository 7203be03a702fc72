import { ask } from '../api.ts';
import { Export } from '../components/export.tsx';
import { Panel } from '../components/panel.tsx';
import { Loaded } from '../components/states.tsx';
import { Table } from '../components/table.tsx';
import { Age } from '../components/time.tsx';
import { countWords } from '../number-words.ts';
import { texts } from '../texts/texts.ts';
import { useRepeatedLoad } from '../use-load.ts';

const refreshMs = 5_000;
const mostNamed = 200;

/** Devices that were told a new secret, or will be, and have not used it yet. */
export function Rotations() {
  const load = useRepeatedLoad(
    (signal) => ask('GET /api/v1/rotations', { signal }),
    [],
    () => refreshMs,
  );
  return (
    <Panel
      title={texts.registration.rotationsOfSecrets}
      aside={<Export name="rotations" rows={async () => (await ask('GET /api/v1/rotations', {})).devices} />}
    >
      <Loaded load={load} what={texts.registration.theRotations}>
        {({ devices }) =>
          devices.length === 0 ? (
            <p class="quiet">{texts.registration.noneIsUnderWay}</p>
          ) : (
            <>
              <Table
                label={texts.registration.devicesWhoseRotationHasNot}
                heads={[texts.common.device, texts.registration.askedFor]}
                name="long-scroll"
              >
                {devices.slice(0, mostNamed).map(({ id, sinceMs }) => (
                  <tr key={id}>
                    <td>
                      <a href={`/devices/${encodeURIComponent(id)}`}>{id}</a>
                    </td>
                    <td>
                      <Age ms={sinceMs} />
                    </td>
                  </tr>
                ))}
              </Table>
              {devices.length > mostNamed && (
                <p class="quiet">{texts.common.andMore(countWords(devices.length - mostNamed))}</p>
              )}
            </>
          )
        }
      </Loaded>
    </Panel>
  );
}
