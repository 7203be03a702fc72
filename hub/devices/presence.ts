/**
 * The presence of one device, as a pure state machine. Time and numbers come in as arguments.
 *
 *                    ┌──────────── opened ────────────┐
 *                    ▼                                │
 *   never-seen ──▶ online ── closed without bye ──▶ suspect ── silence ──▶ offline
 *                  │  ▲ ▲                                                    │  ▲
 *                  │  │ └────────────────── opened, heard ───────────────────┘  │
 *                  │  └── opened (another session: `session-replaced`)          │
 *                  ├── silence (`no-heartbeat`, `link-lost`) ───────────────────┤
 *                  ├── bye ─────────────────────────────────────────────────────┘
 *                  └── bye with sleepSec ──▶ sleeping ── woke too late ──▶ overdue
 */
export const presenceStates = ['never-seen', 'online', 'suspect', 'offline', 'sleeping', 'overdue'] as const;
export type PresenceState = (typeof presenceStates)[number];

export type PresenceReason =
  | 'registered'
  | 'session-opened'
  | 'session-replaced'
  | 'resumed'
  | 'closed-without-bye'
  | 'no-heartbeat'
  | 'link-lost'
  | 'bye'
  | 'slept-too-long'
  | 'not-seen-since-restart';

export interface Presence {
  state: PresenceState;
  reason: PresenceReason;
  /** When this state began, Unix ms. */
  sinceMs: number;
  /** The session's number; rises with each session of the device and never resets. */
  epoch: number;
  /** The number of this change within the epoch, so that a consumer can drop stale ones. */
  n: number;
  /** A sleeping device wakes by then, Unix ms. */
  untilMs?: number;
}

export type PresenceEvent =
  | { kind: 'opened'; epoch: number; replaced: boolean }
  /** A frame of the device's application, after a silence. */
  | { kind: 'heard' }
  | { kind: 'closed' }
  | { kind: 'bye'; sleepSec?: number }
  /** heartbeat + grace have passed. `linkAlive`: pongs still came. */
  | { kind: 'silent'; linkAlive: boolean }
  /** A hub that came back waited for the device in vain. */
  | { kind: 'not-seen-since-restart' };

export function neverSeen(sinceMs: number, epoch = 0): Presence {
  return { state: 'never-seen', reason: 'registered', sinceMs, epoch, n: 0 };
}

/**
 * The presence after an event, or undefined when the event changes nothing.
 * @param nowMs Unix ms; becomes `sinceMs` of the new state.
 */
export function stepPresence(before: Presence, event: PresenceEvent, nowMs: number): Presence | undefined {
  const change = (state: PresenceState, reason: PresenceReason): Presence => ({
    state,
    reason,
    sinceMs: nowMs,
    epoch: before.epoch,
    n: before.n + 1,
  });
  switch (event.kind) {
    case 'opened':
      if (event.epoch <= before.epoch) return undefined;
      return {
        ...change('online', event.replaced ? 'session-replaced' : 'session-opened'),
        epoch: event.epoch,
        n: 1,
      };
    case 'heard':
      return before.state === 'offline' ? change('online', 'resumed') : undefined;
    case 'closed':
      return before.state === 'online' ? change('suspect', 'closed-without-bye') : undefined;
    case 'bye':
      if (before.state !== 'online' && before.state !== 'suspect') return undefined;
      return event.sleepSec === undefined
        ? change('offline', 'bye')
        : { ...change('sleeping', 'bye'), untilMs: nowMs + event.sleepSec * 1000 };
    case 'silent':
      if (before.state === 'sleeping') return change('overdue', 'slept-too-long');
      if (before.state !== 'online' && before.state !== 'suspect') return undefined;
      return change('offline', event.linkAlive ? 'no-heartbeat' : 'link-lost');
    case 'not-seen-since-restart':
      if (before.state !== 'online' && before.state !== 'suspect') return undefined;
      return change('offline', 'not-seen-since-restart');
  }
}
