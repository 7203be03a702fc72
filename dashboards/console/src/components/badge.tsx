import type { ComponentChildren } from 'preact';

/** How a kind of state looks. */
export interface Look {
  readonly tone: 'good' | 'warn' | 'bad' | 'rest' | 'move' | 'none';
  /** A shape of its own, so that nobody needs the colour: an SVG path on 16 × 16. */
  readonly shape: string;
}

/** What most states are one of. */
export const looks = {
  done: { tone: 'good', shape: 'M3 8.5l3.5 3.5L13 4.5' },
  bad: { tone: 'bad', shape: 'M3 3l10 10M13 3L3 13' },
  doubt: { tone: 'warn', shape: 'M5 6a3 3 0 1 1 4 3c-1 .5-1 1-1 2M8 13.5v.2' },
  away: { tone: 'none', shape: 'M8 2a6 6 0 1 0 .01 0zM4 4l8 8' },
  waits: { tone: 'rest', shape: 'M8 2.5a5.5 5.5 0 1 0 .01 0zM8 5v3.2l2 1.3' },
  moves: { tone: 'move', shape: 'M2 8h11M9 4l4 4-4 4' },
} as const satisfies Readonly<Record<string, Look>>;

/** A state: a shape, a colour and the word. */
export function Badge({ look, children }: { look: Look; children: ComponentChildren }) {
  return (
    <span class={`badge tone-${look.tone}`}>
      <svg class="shape" viewBox="0 0 16 16" aria-hidden="true">
        <path d={look.shape} />
      </svg>
      {children}
    </span>
  );
}
