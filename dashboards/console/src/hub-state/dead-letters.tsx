import { everyPage, Export } from '../components/export.tsx';
import { useState } from 'preact/hooks';
import type { DeadLetter } from '../../../../schemas/api/telemetry/spool.ts';
import { ask } from '../api.ts';
import { Panel } from '../components/panel.tsx';
import { RetryOrPurge, SelectCell } from '../components/retry-or-purge.tsx';
import { Empty, Loaded } from '../components/states.tsx';
import { Time } from '../components/time.tsx';
import { countWords } from '../number-words.ts';
import { mayAs } from '../session.ts';
import { texts } from '../texts/texts.ts';
import { useLoad } from '../use-load.ts';

const pageSize = 50;

/** Lines that the store permanently rejects, with retry and delete. @param count a change reloads the list */
export function DeadLetters({ count }: { readonly count: number }) {
  const [afterId, setAfterId] = useState(0);
  const load = useLoad(
    (signal) => ask('GET /api/v1/dead-letters', { query: { after: afterId, limit: pageSize }, signal }),
    [count, afterId],
  );
  return (
    <Panel
      title={texts.hubState.deadLetters}
      aside={
        <>
          {texts.hubState.inAll(countWords(count))} <Export name="dead-letters" rows={loadAll} />
        </>
      }
    >
      <Loaded load={load} what={texts.hubState.theDeadLetters}>
        {({ deadLetters }) =>
          deadLetters.length === 0 ? (
            <Empty title={afterId === 0 ? texts.hubState.noDeadLetters : texts.hubState.noMoreDeadLetters} />
          ) : (
            <>
              <Letters letters={deadLetters} reload={load.reload} />
              {deadLetters.length === pageSize && (
                <button type="button" class="button" onClick={() => setAfterId(deadLetters.at(-1)?.id ?? 0)}>
                  {texts.hubState.nextPage}
                </button>
              )}
            </>
          )
        }
      </Loaded>
      {afterId > 0 && (
        <button type="button" class="button" onClick={() => setAfterId(0)}>
          {texts.hubState.firstPage}
        </button>
      )}
    </Panel>
  );
}

function loadAll(): Promise<DeadLetter[]> {
  return everyPage(async (after: number | undefined) => {
    const { deadLetters } = await ask('GET /api/v1/dead-letters', { query: { after, limit: pageSize } });
    return { rows: deadLetters, next: deadLetters.length < pageSize ? undefined : deadLetters.at(-1)?.id };
  });
}

interface LettersProps {
  readonly letters: readonly DeadLetter[];
  readonly reload: () => void;
}

const words = {
  retry: {
    title: texts.hubState.retryWritingToTheStore,
    effect: (lines: string) => texts.hubState.hubWritesToTheStore(lines),
    done: texts.hubState.queuedForRetry,
  },
  purge: {
    title: texts.hubState.deletePermanently,
    effect: texts.hubState.hubDeletesAndCountsThem,
    done: 'deleted',
  },
};

function Letters({ letters, reload }: LettersProps) {
  if (!mayAs('admin')) return <LetterTable letters={letters} ids={[]} onToggle={undefined} />;
  return (
    <RetryOrPurge
      shown={letters.map(({ id }) => id)}
      counted={texts.counts.lines}
      words={words}
      carryOut={async (deed, ids) =>
        (await ask(`POST /api/v1/dead-letters/${deed}`, { body: { ids } })).count
      }
      reload={reload}
    >
      {(ids, onToggle) => <LetterTable letters={letters} ids={ids} onToggle={onToggle} />}
    </RetryOrPurge>
  );
}

interface LetterTableProps {
  readonly letters: readonly DeadLetter[];
  readonly ids: readonly number[];
  readonly onToggle: ((id: number, on: boolean) => void) | undefined;
}

function LetterTable({ letters, ids, onToggle }: LetterTableProps) {
  return (
    <div class="table-scroll" tabIndex={0} role="region" aria-label={texts.hubState.deadLetters}>
      <table class="table stacking">
        <thead>
          <tr>
            {onToggle !== undefined && (
              <th scope="col">
                <span class="visually-hidden">{texts.hubState.selected}</span>
              </th>
            )}
            <th scope="col">{texts.hubState.rejected}</th>
            <th scope="col">{texts.common.device}</th>
            <th scope="col">{texts.common.reason}</th>
            <th scope="col">{texts.hubState.line}</th>
          </tr>
        </thead>
        <tbody>
          {letters.map(({ id, account, line, reason, refusedMs }) => (
            <tr key={id}>
              {onToggle !== undefined && (
                <SelectCell
                  what={texts.hubState.deadLetterId(id)}
                  checked={ids.includes(id)}
                  onToggle={(on) => onToggle(id, on)}
                />
              )}
              <td>
                <Time ms={refusedMs} />
              </td>
              <td>{account}</td>
              <td>{reason}</td>
              <td>
                <code class="line">{line}</code>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
