import { ask, messageOf } from '../api.ts';
import { Export } from '../components/export.tsx';
import { Panel } from '../components/panel.tsx';
import { Loaded } from '../components/states.tsx';
import { say } from '../components/status-region.tsx';
import { Table } from '../components/table.tsx';
import { Age, Time } from '../components/time.tsx';
import { texts } from '../texts/texts.ts';
import { useLoad } from '../use-load.ts';

/** Browsers and screens that are signed in. */
export function Sessions() {
  const load = useLoad((signal) => ask('GET /api/v1/operators/sessions', { signal }), []);
  async function end(id: string): Promise<void> {
    try {
      await ask('DELETE /api/v1/operators/sessions/{id}', { params: { id } });
      say('done', texts.operators.signedOut);
      load.reload();
    } catch (error) {
      say('fault', messageOf(error));
    }
  }
  return (
    <Loaded load={load} what={texts.operators.theSessions}>
      {({ sessions }) => (
        <Panel title={texts.operators.signedIn} aside={<Export name="sessions" rows={() => sessions} />}>
          <Table
            label={texts.operators.browsersAndScreens}
            heads={[
              texts.operators.who,
              texts.common.kind,
              texts.common.address,
              texts.operators.since,
              texts.operators.lastUsed,
              texts.operators.end,
            ]}
            stacking
          >
            {sessions.map(({ id, actor, kind, address, openedMs, usedMs }) => (
              <tr key={id}>
                <td data-head={texts.operators.who}>{actor.replace(/^operator:/, '')}</td>
                <td data-head={texts.common.kind}>{kind}</td>
                <td data-head={texts.common.address}>{address}</td>
                <td data-head={texts.operators.since}>
                  <Time ms={openedMs} />
                </td>
                <td data-head={texts.operators.lastUsed}>
                  <Age ms={usedMs} />
                </td>
                <td data-head={texts.operators.end}>
                  <button
                    type="button"
                    class="button small"
                    aria-label={texts.operators.signOutAt(actor, address)}
                    onClick={() => void end(id)}
                  >
                    {texts.operators.signOut}
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
