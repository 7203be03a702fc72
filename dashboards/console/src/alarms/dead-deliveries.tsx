import type { DeadDelivery } from '../../../../schemas/api/webhooks/dead-deliveries.ts';
import { ask } from '../api.ts';
import { Export } from '../components/export.tsx';
import { Panel } from '../components/panel.tsx';
import { RetryOrPurge, SelectCell } from '../components/retry-or-purge.tsx';
import { Empty, Loaded } from '../components/states.tsx';
import { Table } from '../components/table.tsx';
import { Time } from '../components/time.tsx';
import { useLoad } from '../use-load.ts';

const shownAtMost = 100;

const words = {
  retry: {
    title: 'Post them again?',
    effect: (alarms: string) =>
      `The hub posts ${alarms} again, for another day. What is not taken comes back here.`,
    done: 'to be posted again',
  },
  purge: {
    title: 'Delete permanently?',
    effect: (alarms: string) => `Nobody is told of ${alarms} by this webhook. This cannot be undone.`,
    done: 'deleted',
  },
};

/** What a webhook did not take for a day, with retry and delete. @param count a change reloads the list */
export function DeadDeliveries(props: { webhook: string; count: number; reload: () => void }) {
  const { webhook, count } = props;
  const load = useLoad((signal) => askDead(webhook, shownAtMost, signal), [webhook, count]);
  const reload = (): void => {
    load.reload();
    props.reload();
  };
  return (
    <Panel
      title={`Not taken by ${webhook}`}
      aside={<Export name={`not-taken-by-${webhook}`} rows={async () => askDead(webhook, 1_000)} />}
    >
      <Loaded load={load} what="what was not taken">
        {(deliveries) =>
          deliveries.length === 0 ? (
            <Empty title="Nothing is dead" />
          ) : (
            <>
              <RetryOrPurge
                shown={deliveries.map(({ id }) => id)}
                noun="alarm"
                words={words}
                carryOut={async (deed, ids) => {
                  const given = { params: { name: webhook }, body: { ids } };
                  return (await ask(`POST /api/v1/webhooks/{name}/dead/${deed}`, given)).count;
                }}
                reload={reload}
              >
                {(ids, onToggle) => <DeadTable deliveries={deliveries} ids={ids} onToggle={onToggle} />}
              </RetryOrPurge>
              {count > deliveries.length && <p class="quiet">The newest {shownAtMost} are shown.</p>}
            </>
          )
        }
      </Loaded>
    </Panel>
  );
}

async function askDead(name: string, limit: number, signal?: AbortSignal): Promise<readonly DeadDelivery[]> {
  const given = { params: { name }, query: { limit }, ...(signal === undefined ? {} : { signal }) };
  return (await ask('GET /api/v1/webhooks/{name}/dead', given)).deliveries;
}

interface DeadTableProps {
  readonly deliveries: readonly DeadDelivery[];
  readonly ids: readonly string[];
  readonly onToggle: (id: string, on: boolean) => void;
}

function DeadTable({ deliveries, ids, onToggle }: DeadTableProps) {
  return (
    <Table
      label="Not taken"
      heads={['Select', 'Alarm', 'Device', 'Became', 'At', 'Given up', 'Why']}
      stacking
    >
      {deliveries.map(({ id, source, device, state, timeMs, deadMs, error }) => (
        <tr key={id}>
          <SelectCell
            what={`${source} of ${device ?? 'the hub'}, ${state}`}
            checked={ids.includes(id)}
            onToggle={(on) => onToggle(id, on)}
          />
          <td data-head="Alarm">
            <code>{source}</code>
          </td>
          <td data-head="Device">{device ?? 'the hub'}</td>
          <td data-head="Became">{state}</td>
          <td data-head="At">
            <Time ms={timeMs} />
          </td>
          <td data-head="Given up">
            <Time ms={deadMs} />
          </td>
          <td data-head="Why">{error}</td>
        </tr>
      ))}
    </Table>
  );
}
