import { ask, messageOf } from '../api.ts';
import { Export } from '../components/export.tsx';
import { Panel } from '../components/panel.tsx';
import { Loaded } from '../components/states.tsx';
import { say } from '../components/status-region.tsx';
import { Table } from '../components/table.tsx';
import { Age, Time } from '../components/time.tsx';
import { useLoad } from '../use-load.ts';

/** Browsers and screens that are signed in. */
export function Sessions() {
  const load = useLoad((signal) => ask('GET /api/v1/operators/sessions', { signal }), []);
  async function end(id: string): Promise<void> {
    try {
      await ask('DELETE /api/v1/operators/sessions/{id}', { params: { id } });
      say('done', 'Signed out');
      load.reload();
    } catch (error) {
      say('fault', messageOf(error));
    }
  }
  return (
    <Loaded load={load} what="the sessions">
      {({ sessions }) => (
        <Panel title="Signed in" aside={<Export name="sessions" rows={() => sessions} />}>
          <Table
            label="Browsers and screens"
            heads={['Who', 'Kind', 'Address', 'Since', 'Last used', 'End']}
            stacking
          >
            {sessions.map(({ id, actor, kind, address, openedMs, usedMs }) => (
              <tr key={id}>
                <td data-head="Who">{actor.replace(/^operator:/, '')}</td>
                <td data-head="Kind">{kind}</td>
                <td data-head="Address">{address}</td>
                <td data-head="Since">
                  <Time ms={openedMs} />
                </td>
                <td data-head="Last used">
                  <Age ms={usedMs} />
                </td>
                <td data-head="End">
                  <button
                    type="button"
                    class="button small"
                    aria-label={`Sign out ${actor} at ${address}`}
                    onClick={() => void end(id)}
                  >
                    Sign out
                  </button>
                </td>
              </tr>
            ))}
          </Table>
        </Panel>
      )}
    </Loaded>
  );
}
