interface Look {
  readonly tone: string;
  /** A shape of its own for each kind of status, so that nobody needs the colour: an SVG path on 16 × 16. */
  readonly shape: string;
}

const done: Look = { tone: 'good', shape: 'M3 8.5l3.5 3.5L13 4.5' };
const bad: Look = { tone: 'bad', shape: 'M3 3l10 10M13 3L3 13' };
const doubt: Look = { tone: 'warn', shape: 'M5 6a3 3 0 1 1 4 3c-1 .5-1 1-1 2M8 13.5v.2' };
const away: Look = { tone: 'none', shape: 'M8 2a6 6 0 1 0 .01 0zM4 4l8 8' };
const waits: Look = { tone: 'rest', shape: 'M8 2.5a5.5 5.5 0 1 0 .01 0zM8 5v3.2l2 1.3' };
const moves: Look = { tone: 'move', shape: 'M2 8h11M9 4l4 4-4 4' };

const looks: Readonly<Record<string, Look>> = {
  accepted: waits,
  queued: waits,
  waiting: waits,
  sent: moves,
  received: moves,
  running: moves,
  uncertain: doubt,
  succeeded: done,
  finished: done,
  failed: bad,
  rejected: bad,
  expired: bad,
  lost: bad,
  stopped: bad,
  cancelled: away,
  skipped: away,
};

/** The status of a command, of a group command or of one of its devices: a shape, a colour and the word. */
export function CommandBadge({ status }: { readonly status: string }) {
  const { tone, shape } = looks[status] ?? away;
  return (
    <span class={`badge tone-${tone}`}>
      <svg class="shape" viewBox="0 0 16 16" aria-hidden="true">
        <path d={shape} />
      </svg>
      {status}
    </span>
  );
}
