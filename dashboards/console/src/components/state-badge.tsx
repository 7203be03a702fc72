import type { PresenceState } from '../../../../hub/devices/presence.ts';

interface Look {
  word: string;
  /** A shape of its own for each state, so that nobody needs the colour: an SVG path on 16 × 16. */
  shape: string;
}

const looks: Readonly<Record<PresenceState, Look>> = {
  offline: { word: 'offline', shape: 'M3 3l10 10M13 3L3 13' },
  overdue: { word: 'overdue', shape: 'M8 2l6.5 12h-13zM8 7v3M8 12v.2' },
  suspect: { word: 'suspect', shape: 'M8 2a6 6 0 1 0 .01 0zM8 5v4M8 11v.2' },
  unknown: { word: 'unknown', shape: 'M5 6a3 3 0 1 1 4 3c-1 .5-1 1-1 2M8 13.5v.2' },
  migrating: { word: 'migrating', shape: 'M2 8h11M9 4l4 4-4 4' },
  sleeping: { word: 'sleeping', shape: 'M13 10A6 6 0 1 1 7 2.5 5 5 0 0 0 13 10z' },
  'never-seen': { word: 'never seen', shape: 'M8 2.5a5.5 5.5 0 1 0 .01 0z' },
  disabled: { word: 'disabled', shape: 'M8 2a6 6 0 1 0 .01 0zM4 4l8 8' },
  online: { word: 'online', shape: 'M3 8.5l3.5 3.5L13 4.5' },
};

/** The word that the console has for a state. */
export function stateWord(state: PresenceState): string {
  return looks[state].word;
}

/** A device's presence: a shape, a colour and the word. */
export function StateBadge({ state }: { state: PresenceState }) {
  return (
    <span class={`badge presence-${state}`}>
      <StateShape state={state} />
      {looks[state].word}
    </span>
  );
}

export function StateShape({ state }: { state: PresenceState }) {
  return (
    <svg class="shape" viewBox="0 0 16 16" aria-hidden="true">
      <path d={looks[state].shape} />
    </svg>
  );
}
