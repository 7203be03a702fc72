import type { PresenceState } from '../../../../schemas/presence-states.ts';
import { stateWord } from './state-word.ts';

/** A shape of its own for each state, so that nobody needs the colour: an SVG path on 16 × 16. */
const shapes: Readonly<Record<PresenceState, string>> = {
  offline: 'M3 3l10 10M13 3L3 13',
  overdue: 'M8 2l6.5 12h-13zM8 7v3M8 12v.2',
  suspect: 'M8 2a6 6 0 1 0 .01 0zM8 5v4M8 11v.2',
  unknown: 'M5 6a3 3 0 1 1 4 3c-1 .5-1 1-1 2M8 13.5v.2',
  migrating: 'M2 8h11M9 4l4 4-4 4',
  sleeping: 'M13 10A6 6 0 1 1 7 2.5 5 5 0 0 0 13 10z',
  'never-seen': 'M8 2.5a5.5 5.5 0 1 0 .01 0z',
  disabled: 'M8 2a6 6 0 1 0 .01 0zM4 4l8 8',
  online: 'M3 8.5l3.5 3.5L13 4.5',
};

/** A device's presence: a shape, a colour and the word. */
export function StateBadge({ state }: { state: PresenceState }) {
  return (
    <span class={`badge presence-${state}`}>
      <StateShape state={state} />
      {stateWord(state)}
    </span>
  );
}

export function StateShape({ state }: { state: PresenceState }) {
  return (
    <svg class="shape" viewBox="0 0 16 16" aria-hidden="true">
      <path d={shapes[state]} />
    </svg>
  );
}
