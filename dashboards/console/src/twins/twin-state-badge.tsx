import type { TwinState } from '../../../../schemas/twin/twin-states.ts';
import { Badge, looks, type Look } from '../components/badge.tsx';
import { texts } from '../texts/texts.ts';

const byState: Readonly<Record<TwinState, Look>> = {
  'in-sync': looks.done,
  pending: { ...looks.moves, tone: 'warn' },
  waiting: { ...looks.waits, tone: 'none' },
  refused: looks.bad,
};

export const twinWords: Readonly<Record<TwinState, string>> = texts.twins.twinWords;

/** Where a twin stands. */
export function TwinStateBadge({ state }: { state: TwinState }) {
  return <Badge look={byState[state]}>{twinWords[state]}</Badge>;
}
