import type { PresenceState } from '../../../../hub/presence/presence.ts';

/** The console's word for a state. */
export function stateWord(state: PresenceState): string {
  return state.replaceAll('-', ' ');
}
