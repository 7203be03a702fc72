import { useState } from 'preact/hooks';
import type { TwinChange } from '../../../../schemas/api/twins/twins.ts';
import { ask } from '../api.ts';
import { Loaded } from '../components/states.tsx';
import { Table } from '../components/table.tsx';
import { Time } from '../components/time.tsx';
import { useLoad } from '../use-load.ts';

/** Who changed the settings, over which interface. Loaded when it is opened. */
export function TwinHistory({ device, rev }: { device: string; rev: number }) {
  const [open, setOpen] = useState(false);
  return (
    <details class="twin-history" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>History of changes</summary>
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
    <Loaded load={load} what="the history of changes">
      {({ changes }) =>
        changes.length === 0 ? (
          <p class="quiet">Nothing was changed yet.</p>
        ) : (
          <Table
            label="Changes of the settings"
            heads={['Revision', 'Time', 'By', 'Change']}
            name="twin-scroll"
          >
            {changes.map((change) => (
              <tr key={change.rev}>
                <td>{change.rev}</td>
                <td>
                  <Time ms={change.timeMs} />
                </td>
                <td>
                  {change.actor} <span class="quiet">over {change.origin}</span>
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
  if (dropped !== undefined) return `No longer taken by the device type: ${dropped.join(', ')}`;
  return <code>{JSON.stringify(patch)}</code>;
}
