import type { TwinState } from '../../../../schemas/twin/twin-states.ts';

/** A shape and a tone for each state, so that nobody needs the colour: an SVG path on 16 × 16. */
const looks: Readonly<Record<TwinState, { tone: string; shape: string }>> = {
  'in-sync': { tone: 'good', shape: 'M3 8.5l3.5 3.5L13 4.5' },
  pending: { tone: 'warn', shape: 'M2 8h11M9 4l4 4-4 4' },
  waiting: { tone: 'none', shape: 'M8 2.5a5.5 5.5 0 1 0 .01 0zM8 5v3l2 2' },
  refused: { tone: 'bad', shape: 'M3 3l10 10M13 3L3 13' },
};

export const twinWords: Readonly<Record<TwinState, string>> = {
  'in-sync': 'In sync',
  pending: 'Pending',
  waiting: 'Waiting for the device',
  refused: 'Refused',
};

/** Where a twin stands: a shape, a colour and the words. */
export function TwinStateBadge({ state }: { state: TwinState }) {
  const { tone, shape } = looks[state];
  return (
    <span class={`badge tone-${tone}`}>
      <svg class="shape" viewBox="0 0 16 16" aria-hidden="true">
        <path d={shape} />
      </svg>
      {twinWords[state]}
    </span>
  );
}
