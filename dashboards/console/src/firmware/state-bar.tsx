import { updateStates, type UpdateState } from '../../../../schemas/firmware/update-states.ts';
import { StackedBar } from '../components/stacked-bar.tsx';
import { countWords } from '../number-words.ts';
import { updateLooks, updateStateWords } from './update-words.ts';

export type StateCounts = Partial<Record<UpdateState, number>>;

/** From what is done to what has not begun, so that the bar fills from the left. */
const order: readonly UpdateState[] = [
  'succeeded',
  'soaking',
  'applying',
  'downloading',
  'offered',
  'failed',
  'rolled-back',
  'rejected',
  'timed-out',
  'cancelled',
  'skipped',
  'pending',
];

/** `3 succeeded, 1 failed` */
export function countsText(counts: StateCounts): string {
  return updateStates
    .filter((state) => (counts[state] ?? 0) > 0)
    .map((state) => `${countWords(counts[state] ?? 0)} ${updateStateWords[state]}`)
    .join(', ');
}

/** Devices by where their updates stand, as one bar. */
export function StateBar({ counts }: { counts: StateCounts }) {
  const parts = order.map((state) => ({
    key: state,
    value: counts[state] ?? 0,
    class: `tone-${updateLooks[state].tone}`,
    word: updateStateWords[state],
  }));
  return <StackedBar parts={parts} label={countsText(counts)} />;
}
