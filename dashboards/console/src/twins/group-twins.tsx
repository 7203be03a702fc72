import { ask, messageOf } from '../api.ts';
import { CommandBadge } from '../commands/command-badge.tsx';
import { WaveBar } from '../commands/group-progress.tsx';
import { Export } from '../components/export.tsx';
import { Panel } from '../components/panel.tsx';
import { Empty, Loaded } from '../components/states.tsx';
import { say } from '../components/status-region.tsx';
import { Table } from '../components/table.tsx';
import { Time } from '../components/time.tsx';
import { countWords } from '../number-words.ts';
import { query, setQuery } from '../router.ts';
import { maySend } from '../session.ts';
import { useRepeatedLoad } from '../use-load.ts';
import { NewGroupTwin } from './new-group-twin.tsx';

const refreshMs = 2_000;
const mostNamed = 200;

/** Changes of the settings of many devices, and a new one. */
export function GroupTwins() {
  const id = query.value.get('id') ?? '';
  return (
    <div class={maySend('config') ? 'columns' : undefined}>
      <div class="column">
        {id !== '' && <OneGroupTwin key={id} id={id} />}
        <List chosen={id} />
      </div>
      {maySend('config') && <NewGroupTwin />}
    </div>
  );
}

function List({ chosen }: { chosen: string }) {
  const load = useRepeatedLoad(
    (signal) => ask('GET /api/v1/group-twins', { query: { limit: 100 }, signal }),
    [chosen],
    ({ groupTwins }) => (groupTwins.some(({ final }) => !final) ? refreshMs : undefined),
  );
  return (
    <Loaded load={load} what="the changes of settings">
      {({ groupTwins }) => (
        <Panel
          title="Settings of many devices"
          aside={<Export name="group-settings" rows={() => groupTwins} />}
        >
          {groupTwins.length === 0 ? (
            <Empty title="No changes yet">
              <p>Each device comes to its settings by itself, also one that is away now.</p>
            </Empty>
          ) : (
            <Table
              label="Changes, newest first"
              heads={['Accepted', 'Settings', 'To', 'Status', 'Devices']}
              stacking
            >
              {groupTwins.map((row) => (
                <tr key={row.id}>
                  <td data-head="Accepted">
                    <a href={`/commands?view=settings&id=${encodeURIComponent(row.id)}`}>
                      <Time ms={row.acceptedMs} />
                    </a>
                  </td>
                  <td data-head="Settings" class="long-text">
                    <code>{JSON.stringify(row.patch)}</code>
                  </td>
                  <td data-head="To">
                    <code>{row.group ?? row.to}</code>
                  </td>
                  <td data-head="Status">
                    <CommandBadge status={row.status} />
                  </td>
                  <td data-head="Devices">
                    <WaveBar wave={row} label={`${row.succeeded} of ${row.targets} in sync`} />
                    <span class="quiet">
                      {countWords(row.succeeded)} of {countWords(row.targets)} in sync
                    </span>
                  </td>
                </tr>
              ))}
            </Table>
          )}
        </Panel>
      )}
    </Loaded>
  );
}

function OneGroupTwin({ id }: { id: string }) {
  const load = useRepeatedLoad(
    (signal) => ask('GET /api/v1/group-twins/{id}', { params: { id }, signal }),
    [id],
    ({ open, final }) => (open > 0 || !final ? refreshMs : undefined),
  );
  async function cancel(): Promise<void> {
    try {
      await ask('POST /api/v1/group-twins/{id}/cancel', { params: { id } });
      load.reload();
    } catch (error) {
      say('fault', messageOf(error));
    }
  }
  return (
    <Panel
      title="Progress"
      aside={
        <button type="button" class="button small" onClick={() => setQuery({ id: '' })}>
          Close
        </button>
      }
    >
      <Loaded load={load} what="the change">
        {(view) => (
          <div class="group-progress">
            <p role="status">
              <CommandBadge status={view.status} /> {view.succeeded} of {view.targets} in sync, {view.failed}{' '}
              failed, {view.open} to answer.
            </p>
            <WaveBar wave={view} label={`${view.succeeded} of ${view.targets} in sync`} />
            {maySend('config') && !view.final && (
              <div class="actions">
                <button type="button" class="button danger" onClick={() => void cancel()}>
                  Stop
                </button>
                <span class="quiet">No further wave; what is set stays set.</span>
              </div>
            )}
            <ul class="targets">
              {view.devices.slice(0, mostNamed).map(({ device, status, reason }) => (
                <li key={device}>
                  <a href={`/devices/${encodeURIComponent(device)}`}>{device}</a>{' '}
                  <CommandBadge status={status} /> <span class="quiet">{reason}</span>
                </li>
              ))}
            </ul>
            {view.devices.length > mostNamed && (
              <p class="quiet">and {view.devices.length - mostNamed} more</p>
            )}
          </div>
        )}
      </Loaded>
    </Panel>
  );
}
