import type { PresenceState } from '../../../../schemas/presence-states.ts';

/** The console's word for a state. */
export function stateWord(state: PresenceState): string {
  return state.replaceAll('-', ' ');
}
