import type { RolloutStatus, UpdateState } from '../../../../schemas/firmware/update-states.ts';
import { Badge } from '../components/badge.tsx';
import { rolloutLooks, updateLooks, updateStateWords } from './update-words.ts';

/** Where the update of a device stands. */
export function UpdateBadge({ state }: { state: UpdateState }) {
  return <Badge look={updateLooks[state]}>{updateStateWords[state]}</Badge>;
}

export function RolloutBadge({ status }: { status: RolloutStatus }) {
  return <Badge look={rolloutLooks[status]}>{status}</Badge>;
}
