import type { PresenceState } from '../../../../schemas/presence-states.ts';
import { StackedBar } from '../components/stacked-bar.tsx';
import { StateShape } from '../components/state-badge.tsx';
import { stateWord } from '../components/state-word.ts';
import { countWords } from '../number-words.ts';
import { setQuery } from '../router.ts';
import { texts } from '../texts/texts.ts';
import { stateOrder } from './state-order.ts';

interface StateCountsProps {
  byState: ReadonlyMap<PresenceState, number>;
  /** The state that is filtered by, or an empty text. */
  chosen: string;
}

/** How many devices are in each state, as a picture and as numbers; a number is also the filter. */
export function StateCounts({ byState, chosen }: StateCountsProps) {
  const states = stateOrder.filter((state) => (byState.get(state) ?? 0) > 0 || state === chosen);
  const parts = states.toReversed().map((state) => ({
    key: state,
    value: byState.get(state) ?? 0,
    class: `presence-${state}`,
    word: stateWord(state),
  }));
  const words = parts.map(({ word, value }) => `${countWords(value)} ${word}`).join(', ');
  return (
    <section class="state-counts" aria-label={texts.fleet.devicesByState}>
      <StackedBar parts={parts} label={words} />
      <ul>
        {parts.map(({ key, value, word }) => (
          <li key={key}>
            <button
              type="button"
              class={`count presence-${key}`}
              aria-pressed={chosen === key}
              onClick={() => setQuery({ state: chosen === key ? '' : key })}
            >
              <StateShape state={key} />
              <b>{countWords(value)}</b> {word}
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
