import type { DeadDelivery } from '../../../../schemas/api/webhooks/dead-deliveries.ts';
import { ask } from '../api.ts';
import { Export } from '../components/export.tsx';
import { Panel } from '../components/panel.tsx';
import { RetryOrPurge, SelectCell } from '../components/retry-or-purge.tsx';
import { Empty, Loaded } from '../components/states.tsx';
import { Table } from '../components/table.tsx';
import { Time } from '../components/time.tsx';
import { texts } from '../texts/texts.ts';
import { useLoad } from '../use-load.ts';

const shownAtMost = 100;

const words = {
  retry: {
    title: texts.alarms.postThemAgain,
    effect: (alarms: string) => texts.alarms.hubPostsAgain(alarms),
    done: texts.alarms.toBePostedAgain,
  },
  purge: {
    title: texts.alarms.deletePermanently,
    effect: texts.alarms.nobodyIsTold,
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
      title={texts.alarms.notTakenBy(webhook)}
      aside={<Export name={`not-taken-by-${webhook}`} rows={async () => askDead(webhook, 1_000)} />}
    >
      <Loaded load={load} what={texts.alarms.whatWasNotTaken}>
        {(deliveries) =>
          deliveries.length === 0 ? (
            <Empty title={texts.alarms.nothingIsDead} />
          ) : (
            <>
              <RetryOrPurge
                shown={deliveries.map(({ id }) => id)}
                counted={texts.counts.alarms}
                words={words}
                carryOut={async (deed, ids) => {
                  const given = { params: { name: webhook }, body: { ids } };
                  return (await ask(`POST /api/v1/webhooks/{name}/dead/${deed}`, given)).count;
                }}
                reload={reload}
              >
                {(ids, onToggle) => <DeadTable deliveries={deliveries} ids={ids} onToggle={onToggle} />}
              </RetryOrPurge>
              {count > deliveries.length && <p class="quiet">{texts.alarms.newestAreShown(shownAtMost)}</p>}
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
      label={texts.alarms.notTaken}
      heads={[
        texts.alarms.select,
        texts.alarms.alarm,
        texts.common.device,
        texts.alarms.became,
        texts.alarms.at,
        texts.alarms.givenUp,
        texts.alarms.why,
      ]}
      stacking
    >
      {deliveries.map(({ id, source, device, state, timeMs, deadMs, error }) => (
        <tr key={id}>
          <SelectCell
            what={texts.alarms.delivery(source, device ?? texts.alarms.theHub, state)}
            checked={ids.includes(id)}
            onToggle={(on) => onToggle(id, on)}
          />
          <td data-head={texts.alarms.alarm}>
            <code>{source}</code>
          </td>
          <td data-head={texts.common.device}>{device ?? texts.alarms.theHub}</td>
          <td data-head={texts.alarms.became}>{state}</td>
          <td data-head={texts.alarms.at}>
            <Time ms={timeMs} />
          </td>
          <td data-head={texts.alarms.givenUp}>
            <Time ms={deadMs} />
          </td>
          <td data-head={texts.alarms.why}>{error}</td>
        </tr>
      ))}
    </Table>
  );
}
