import { useState } from 'preact/hooks';
import type { DeadLetter } from '../../../../schemas/api/spool.ts';
import { ask, messageOf } from '../api.ts';
import { Dialog } from '../components/dialog.tsx';
import { Panel } from '../components/panel.tsx';
import { Empty, Loaded } from '../components/states.tsx';
import { say } from '../components/status-region.tsx';
import { Time } from '../components/time.tsx';
import { countOf, countWords } from '../number-words.ts';
import { mayAs } from '../session.ts';
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
    <Panel title="Dead letters" aside={`${countWords(count)} in all`}>
      <Loaded load={load} what="the dead letters">
        {({ deadLetters }) =>
          deadLetters.length === 0 ? (
            <Empty title={afterId === 0 ? 'No dead letters' : 'No more dead letters'} />
          ) : (
            <>
              <Letters letters={deadLetters} reload={load.reload} />
              {deadLetters.length === pageSize && (
                <button type="button" class="button" onClick={() => setAfterId(deadLetters.at(-1)?.id ?? 0)}>
                  Next page
                </button>
              )}
            </>
          )
        }
      </Loaded>
      {afterId > 0 && (
        <button type="button" class="button" onClick={() => setAfterId(0)}>
          First page
        </button>
      )}
    </Panel>
  );
}

interface LettersProps {
  readonly letters: readonly DeadLetter[];
  readonly reload: () => void;
}

type Deed = 'retry' | 'purge';

function Letters({ letters, reload }: LettersProps) {
  const [chosen, setChosen] = useState<ReadonlySet<number>>(new Set());
  const [asked, setAsked] = useState<Deed>();
  // Dead letters that are gone in the meantime are no longer selected.
  const ids = letters.map(({ id }) => id).filter((id) => chosen.has(id));
  const may = mayAs('admin');
  const toggle = (id: number, on: boolean): void => {
    const next = new Set(ids);
    if (on) next.add(id);
    else next.delete(id);
    setChosen(next);
  };
  async function carryOut(deed: Deed): Promise<void> {
    setAsked(undefined);
    try {
      const { count } = await ask(`POST /api/v1/dead-letters/${deed}`, { body: { ids } });
      say(
        'done',
        deed === 'retry'
          ? `${countOf(count, 'line')} queued for retry.`
          : `${countOf(count, 'line')} deleted.`,
      );
      setChosen(new Set());
      reload();
    } catch (error) {
      say('fault', messageOf(error));
    }
  }
  return (
    <>
      {may && (
        <div class="actions">
          <button
            type="button"
            class="button small"
            onClick={() =>
              setChosen(new Set(ids.length === letters.length ? [] : letters.map(({ id }) => id)))
            }
          >
            {ids.length === letters.length ? 'Select none' : 'Select all shown'}
          </button>
          <button
            type="button"
            class="button small"
            disabled={ids.length === 0}
            onClick={() => setAsked('retry')}
          >
            Retry…
          </button>
          <button
            type="button"
            class="button small danger"
            disabled={ids.length === 0}
            onClick={() => setAsked('purge')}
          >
            Delete…
          </button>
          <span class="quiet">{ids.length} selected</span>
        </div>
      )}
      <LetterTable letters={letters} ids={ids} onToggle={may ? toggle : undefined} />
      {asked !== undefined && (
        <Dialog
          title={asked === 'retry' ? 'Retry writing to the store?' : 'Delete permanently?'}
          onClose={() => setAsked(undefined)}
        >
          <p>
            {asked === 'retry'
              ? `The hub writes ${countOf(ids.length, 'line')} to the store again. Lines that it rejects again come back here.`
              : `The hub deletes ${countOf(ids.length, 'line')} and counts them as dropped. This cannot be undone.`}
          </p>
          <div class="actions">
            <button
              type="button"
              class={asked === 'retry' ? 'button primary' : 'button danger'}
              onClick={() => void carryOut(asked)}
            >
              {asked === 'retry' ? 'Retry' : 'Delete'}
            </button>
            <button type="button" class="button" onClick={() => setAsked(undefined)}>
              Cancel
            </button>
          </div>
        </Dialog>
      )}
    </>
  );
}

interface LetterTableProps {
  readonly letters: readonly DeadLetter[];
  readonly ids: readonly number[];
  readonly onToggle: ((id: number, on: boolean) => void) | undefined;
}

function LetterTable({ letters, ids, onToggle }: LetterTableProps) {
  return (
    <div class="table-scroll" tabIndex={0} role="region" aria-label="Dead letters">
      <table class="table stacking">
        <thead>
          <tr>
            {onToggle !== undefined && (
              <th scope="col">
                <span class="visually-hidden">Selected</span>
              </th>
            )}
            <th scope="col">Rejected</th>
            <th scope="col">Device</th>
            <th scope="col">Reason</th>
            <th scope="col">Line</th>
          </tr>
        </thead>
        <tbody>
          {letters.map(({ id, account, line, reason, refusedMs }) => (
            <tr key={id}>
              {onToggle !== undefined && (
                <td>
                  <input
                    type="checkbox"
                    aria-label={`Select dead letter ${id}`}
                    checked={ids.includes(id)}
                    onChange={(event) => onToggle(id, event.currentTarget.checked)}
                  />
                </td>
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
