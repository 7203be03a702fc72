import { useState } from 'preact/hooks';
import { get, messageOf, post } from '../api.ts';
import { Dialog } from '../components/dialog.tsx';
import { Panel } from '../components/panel.tsx';
import { Empty, Loaded } from '../components/states.tsx';
import { say } from '../components/status-region.tsx';
import { Time } from '../components/time.tsx';
import { countOf, countWords } from '../number-words.ts';
import { mayAs } from '../session.ts';
import { useLoad } from '../use-load.ts';

interface DeadLetter {
  readonly id: number;
  readonly account: string;
  readonly line: string;
  readonly reason: string;
  readonly refusedMs: number;
}

const pageSize = 50;

/** Lines the store refuses for good, and what may be done with them. @param count as the hub tells it: a change asks anew */
export function DeadLetters({ count }: { readonly count: number }) {
  const [afterId, setAfterId] = useState(0);
  const load = useLoad(
    (signal) =>
      get<{ deadLetters: DeadLetter[] }>('/dead-letters', { after: afterId, limit: pageSize }, signal),
    [count, afterId],
  );
  return (
    <Panel title="Dead letters" aside={`${countWords(count)} in all`}>
      <Loaded load={load} what="the dead letters">
        {({ deadLetters }) =>
          deadLetters.length === 0 ? (
            <Empty title={afterId === 0 ? 'None: the store took every line' : 'No more of them'} />
          ) : (
            <>
              <Letters letters={deadLetters} reload={load.reload} />
              {deadLetters.length === pageSize && (
                <button type="button" class="button" onClick={() => setAfterId(deadLetters.at(-1)?.id ?? 0)}>
                  Further ones
                </button>
              )}
            </>
          )
        }
      </Loaded>
      {afterId > 0 && (
        <button type="button" class="button" onClick={() => setAfterId(0)}>
          Back to the first
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
  // Letters that went meanwhile are not chosen any more.
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
      const { count } = await post<{ count: number }>(`/dead-letters/${deed}`, { ids });
      say('done', deed === 'retry' ? `${count} go to the store again.` : `${count} thrown away.`);
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
            {ids.length === letters.length ? 'Choose none' : 'Choose all shown'}
          </button>
          <button
            type="button"
            class="button small"
            disabled={ids.length === 0}
            onClick={() => setAsked('retry')}
          >
            Try again …
          </button>
          <button
            type="button"
            class="button small danger"
            disabled={ids.length === 0}
            onClick={() => setAsked('purge')}
          >
            Throw away …
          </button>
          <span class="quiet">{ids.length} chosen</span>
        </div>
      )}
      <LetterTable letters={letters} ids={ids} onToggle={may ? toggle : undefined} />
      {asked !== undefined && (
        <Dialog
          title={asked === 'retry' ? 'Send them to the store again?' : 'Throw them away for good?'}
          onClose={() => setAsked(undefined)}
        >
          <p>
            {asked === 'retry'
              ? `${countOf(ids.length, 'line')} to be written to the store once more. What it refuses again comes back here.`
              : `${countOf(ids.length, 'line')} to be deleted and counted as dropped. Nobody can bring them back.`}
          </p>
          <div class="actions">
            <button
              type="button"
              class={asked === 'retry' ? 'button primary' : 'button danger'}
              onClick={() => void carryOut(asked)}
            >
              {asked === 'retry' ? 'Try again' : 'Throw away'}
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
                <span class="visually-hidden">Chosen</span>
              </th>
            )}
            <th scope="col">Refused</th>
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
                    aria-label={`Choose letter ${id}`}
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
