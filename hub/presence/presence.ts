import type { Presence } from '../../schemas/api/presence.ts';
import type { PresenceReason, PresenceState } from '../../schemas/presence-states.ts';

/**
 * The presence of one device, as a pure state machine. Time and numbers come in as arguments.
 *
 *                    ┌──────────── opened ────────────┐
 *                    ▼                                │
 *   never-seen ──▶ online ◀── heard ────────────── suspect ── silence ──▶ offline
 *                  │  ▲ ▲ ── late, closed without bye ─▲ ── stayed away ───▶│  ▲
 *                  │  │ └────────────────── opened, heard ──────────────────┘  │
 *                  │  └── opened (another session: `session-replaced`)         │
 *                  ├── silence (`no-heartbeat`, `link-lost`) ──────────────────┤
 *                  ├── bye ────────────────────────────────────────────────────┤
 *                  ├── bye with sleepSec ──▶ sleeping ── woke too late ──▶ overdue
 *                  ├── the hub drains ──▶ migrating ──────────┬── never returned ─┘
 *                  └── the hub came back ──▶ unknown ─────────┘
 *
 *   any ── disabled ──▶ disabled ── enabled ──▶ offline
 */

/** Who ended a connection; `link`: nobody did, it broke. */
export type Closer = 'hub' | 'device' | 'link';

export type PresenceEvent =
  | { kind: 'opened'; epoch: number; replaced: boolean }
  /** A frame of the device's application, after a silence. */
  | { kind: 'heard' }
  /** The heartbeat has passed; the link is being asked. */
  | { kind: 'late' }
  /** The connection ended without a goodbye. */
  | { kind: 'closed'; by: Closer }
  /** It ended, and heartbeat + grace have passed without another. */
  | { kind: 'stayed-away'; by: Closer }
  | { kind: 'bye'; sleepSec?: number }
  /** heartbeat + grace have passed. `linkAlive`: pongs still came. */
  | { kind: 'silent'; linkAlive: boolean }
  /** The hub is stopping, and gave the device a slot to come back, Unix ms. */
  | { kind: 'draining'; slotMs: number }
  /** The hub was away: the state of devices that were connected is not known any more. */
  | { kind: 'hub-restarted' }
  /** The device did not return to a hub that came back. */
  | { kind: 'not-seen-since-restart' }
  | { kind: 'disabled' }
  | { kind: 'enabled' };

/** Caused by the hub and the same for its whole fleet: the hub's own topic announces it once. */
export function isHubWide({ state }: Presence): boolean {
  return state === 'unknown' || state === 'migrating';
}

/** Whether it is known not to be there: not one that may be back any moment, because its link or the hub broke. */
export function isAway({ state }: Pick<Presence, 'state'>): boolean {
  return !awaited.has(state);
}

export function neverSeen(sinceMs: number, epoch = 0): Presence {
  return { state: 'never-seen', reason: 'registered', sinceMs, epoch, n: 0, marks: {} };
}

/** States in which a session is, or may still be, open. */
const connected: ReadonlySet<PresenceState> = new Set(['online', 'suspect']);
/** States in which the hub waits for a device that it sent away, or left. */
const awaited: ReadonlySet<PresenceState> = new Set(['online', 'suspect', 'unknown', 'migrating']);

/**
 * The presence after an event, or undefined when the event changes nothing.
 * @param nowMs Unix ms; becomes `sinceMs` of the new state.
 */
export function stepPresence(before: Presence, event: PresenceEvent, nowMs: number): Presence | undefined {
  const { state, epoch, n, marks } = before;
  const change = (to: PresenceState, reason: PresenceReason): Presence => ({
    state: to,
    reason,
    sinceMs: nowMs,
    epoch,
    n: n + 1,
    marks,
  });
  if (event.kind === 'opened') {
    if (event.epoch <= epoch) return undefined;
    const reason = event.replaced ? 'session-replaced' : 'session-opened';
    return { ...change('online', reason), epoch: event.epoch, n: 1 };
  }
  if (event.kind === 'disabled') return state === 'disabled' ? undefined : change('disabled', 'disabled');
  if (event.kind === 'enabled') return state === 'disabled' ? change('offline', 'enabled') : undefined;
  return connected.has(state)
    ? fromConnected(before, event, nowMs, change)
    : fromDisconnected(before, event, change);
}

type Change = (to: PresenceState, reason: PresenceReason) => Presence;
type SessionEvent = Exclude<PresenceEvent, { kind: 'opened' | 'disabled' | 'enabled' }>;

function fromConnected(
  { state }: Presence,
  event: SessionEvent,
  nowMs: number,
  change: Change,
): Presence | undefined {
  switch (event.kind) {
    case 'heard':
      return state === 'suspect' ? change('online', 'resumed') : undefined;
    case 'late':
      return state === 'online' ? change('suspect', 'heartbeat-late') : undefined;
    case 'closed':
      return state === 'online' ? change('suspect', closeReasonOf(event)) : undefined;
    case 'stayed-away':
      return change('offline', closeReasonOf(event));
    case 'bye':
      return event.sleepSec === undefined
        ? change('offline', 'bye')
        : { ...change('sleeping', 'bye'), untilMs: nowMs + event.sleepSec * 1000 };
    case 'silent':
      return change('offline', event.linkAlive ? 'no-heartbeat' : 'link-lost');
    case 'draining':
      return { ...change('migrating', 'hub-draining'), untilMs: event.slotMs };
    case 'hub-restarted':
      return change('unknown', 'hub-restarted');
    case 'not-seen-since-restart':
      return change('offline', 'not-seen-since-restart');
  }
}

function closeReasonOf({ by }: { by: Closer }): PresenceReason {
  return by === 'link' ? 'connection-broke' : 'closed-without-bye';
}

function fromDisconnected({ state }: Presence, event: SessionEvent, change: Change): Presence | undefined {
  switch (event.kind) {
    case 'heard':
      return state === 'offline' ? change('online', 'resumed') : undefined;
    case 'silent':
      return state === 'sleeping' ? change('overdue', 'slept-too-long') : undefined;
    case 'not-seen-since-restart':
      return awaited.has(state) ? change('offline', 'not-seen-since-restart') : undefined;
    case 'late':
    case 'closed':
    case 'stayed-away':
    case 'bye':
    case 'draining':
    case 'hub-restarted':
      return undefined;
  }
}
