import { useState } from 'preact/hooks';
import type { TwinChange } from '../../../../schemas/api/twins/twins.ts';
import { ask } from '../api.ts';
import { Loaded } from '../components/states.tsx';
import { Table } from '../components/table.tsx';
import { Time } from '../components/time.tsx';
import { texts } from '../texts/texts.ts';
import { useLoad } from '../use-load.ts';

/** Who changed the settings, over which interface. Loaded when it is opened. */
export function TwinHistory({ device, rev }: { device: string; rev: number }) {
  const [open, setOpen] = useState(false);
  return (
    <details class="twin-history" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{texts.twins.historyOfChanges}</summary>
      {open && <Changes key={rev} device={device} />}
    </details>
  );
}

function Changes({ device }: { device: string }) {
  const load = useLoad(
    (signal) => ask('GET /api/v1/devices/{id}/twin/history', { params: { id: device }, query: {}, signal }),
    [device],
  );
  return (
    <Loaded load={load} what={texts.twins.theHistoryOfChanges}>
      {({ changes }) =>
        changes.length === 0 ? (
          <p class="quiet">{texts.twins.nothingWasChangedYet}</p>
        ) : (
          <Table
            label={texts.twins.changesOfTheSettings}
            heads={[texts.twins.revision, texts.common.time, texts.twins.by, texts.common.change]}
            name="twin-scroll"
          >
            {changes.map((change) => (
              <tr key={change.rev}>
                <td>{change.rev}</td>
                <td>
                  <Time ms={change.timeMs} />
                </td>
                <td>
                  {change.actor} <span class="quiet">{texts.twins.overOrigin(change.origin)}</span>
                </td>
                <td>{changeText(change)}</td>
              </tr>
            ))}
          </Table>
        )
      }
    </Loaded>
  );
}

function changeText({ patch, dropped }: TwinChange) {
  if (dropped !== undefined) return texts.twins.noLongerTaken(dropped.join(', '));
  return <code>{JSON.stringify(patch)}</code>;
}
