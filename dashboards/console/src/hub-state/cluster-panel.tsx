import type { ClusterStatus } from '../../../../schemas/api/hub.ts';
import { ask } from '../api.ts';
import { Badge, looks, type Look } from '../components/badge.tsx';
import { Export } from '../components/export.tsx';
import { Panel } from '../components/panel.tsx';
import { Loaded } from '../components/states.tsx';
import { Table } from '../components/table.tsx';
import { countWords } from '../number-words.ts';
import { texts } from '../texts/texts.ts';
import { useRepeatedLoad } from '../use-load.ts';

const refreshMs = 5_000;

type State = ClusterStatus['hubs'][number]['state'];

const byState: Readonly<Record<State, Look>> = {
  up: looks.done,
  left: looks.away,
  dead: looks.bad,
};

/** The hubs that are one with this one; nothing for a hub that is alone. */
export function ClusterPanel() {
  const load = useRepeatedLoad(
    (signal) => ask('GET /api/v1/cluster', { signal }),
    [],
    ({ shared }) => (shared ? refreshMs : undefined),
  );
  return (
    <Loaded load={load} what={texts.hubState.theHubs}>
      {({ shared, hubs }) =>
        shared && (
          <Panel title={texts.hubState.hubs} aside={<Export name="hubs" rows={() => hubs} />}>
            <Table
              label={texts.hubState.hubs}
              heads={[
                texts.hubState.hub,
                texts.common.state,
                texts.hubState.start,
                texts.hubState.version,
                texts.common.devices,
                texts.hubState.doesForAll,
              ]}
              stacking
            >
              {hubs.map(({ id, start, state, version, here, leases, devices }) => (
                <tr key={`${id} ${start}`}>
                  <td data-head={texts.hubState.hub}>
                    <code>{id}</code> {here === true && <span class="quiet">{texts.hubState.thisOne}</span>}
                  </td>
                  <td data-head={texts.common.state}>
                    <Badge look={byState[state]}>{state}</Badge>
                  </td>
                  <td data-head={texts.hubState.start}>{countWords(start)}</td>
                  <td data-head={texts.hubState.version}>{version}</td>
                  <td data-head={texts.common.devices}>{countWords(devices)}</td>
                  <td data-head={texts.hubState.doesForAll}>{leases.join(', ')}</td>
                </tr>
              ))}
            </Table>
          </Panel>
        )
      }
    </Loaded>
  );
}
