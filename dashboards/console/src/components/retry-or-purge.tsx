import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { messageOf } from '../api.ts';
import { texts } from '../texts/texts.ts';
import { Dialog } from './dialog.tsx';
import { say } from './status-region.tsx';

type Deed = 'retry' | 'purge';

interface RetryOrPurgeProps<Id> {
  /** Of the rows that are shown. */
  readonly shown: readonly Id[];
  /** So many of them, in words. */
  readonly counted: (count: number) => string;
  /** What is asked before, and said after. */
  readonly words: Readonly<Record<Deed, { title: string; effect: (them: string) => string; done: string }>>;
  /** @returns how many it was */
  readonly carryOut: (deed: Deed, ids: readonly Id[]) => Promise<number>;
  readonly reload: () => void;
  /** The table, with what is selected. */
  readonly children: (ids: readonly Id[], onToggle: (id: Id, on: boolean) => void) => ComponentChildren;
}

/** Rows of what failed: those that are selected are retried or deleted, after a question. */
export function RetryOrPurge<Id extends string | number>(props: RetryOrPurgeProps<Id>) {
  const { shown, counted, words, reload } = props;
  const [chosen, setChosen] = useState<ReadonlySet<Id>>(new Set());
  const [asked, setAsked] = useState<Deed>();
  // Rows that are gone in the meantime are no longer selected.
  const ids = shown.filter((id) => chosen.has(id));
  const toggle = (id: Id, on: boolean): void => {
    const next = new Set(ids);
    if (on) next.add(id);
    else next.delete(id);
    setChosen(next);
  };
  async function carryOut(deed: Deed): Promise<void> {
    setAsked(undefined);
    try {
      const count = await props.carryOut(deed, ids);
      say('done', `${counted(count)} ${words[deed].done}.`);
      setChosen(new Set());
      reload();
    } catch (error) {
      say('fault', messageOf(error));
    }
  }
  const isAll = ids.length === shown.length;
  const none = ids.length === 0;
  return (
    <>
      <div class="actions">
        <button type="button" class="button small" onClick={() => setChosen(new Set(isAll ? [] : shown))}>
          {isAll ? texts.shared.selectNone : texts.shared.selectAllShown}
        </button>
        <button type="button" class="button small" disabled={none} onClick={() => setAsked('retry')}>
          {texts.shared.retryEllipsis}
        </button>
        <button type="button" class="button small danger" disabled={none} onClick={() => setAsked('purge')}>
          {texts.shared.deleteEllipsis}
        </button>
        <span class="quiet">{texts.shared.idsSelected(ids.length)}</span>
      </div>
      {props.children(ids, toggle)}
      {asked !== undefined && (
        <Dialog title={words[asked].title} onClose={() => setAsked(undefined)}>
          <p>{words[asked].effect(counted(ids.length))}</p>
          <div class="actions">
            <button
              type="button"
              class={asked === 'retry' ? 'button primary' : 'button danger'}
              onClick={() => void carryOut(asked)}
            >
              {asked === 'retry' ? texts.shared.retryNow : texts.shared.deleteNow}
            </button>
            <button type="button" class="button" onClick={() => setAsked(undefined)}>
              {texts.common.cancel}
            </button>
          </div>
        </Dialog>
      )}
    </>
  );
}

interface SelectBoxProps {
  readonly what: string;
  readonly checked: boolean;
  readonly onToggle: (on: boolean) => void;
}

/** The cell that selects its row. */
export function SelectCell({ what, checked, onToggle }: SelectBoxProps) {
  return (
    <td>
      <input
        type="checkbox"
        aria-label={texts.shared.selectWhat(what)}
        checked={checked}
        onChange={(event) => onToggle(event.currentTarget.checked)}
      />
    </td>
  );
}
