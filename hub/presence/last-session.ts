/** What is known of a device's latest session; it stays known when the session ends and the hub restarts. Pure. */

import type { ClockQuality, LatestSession } from '../../schemas/api/devices.ts';
import type { Marks } from '../../schemas/api/presence.ts';

/** What the device's hello and address say, and the clock that its heartbeats show. */
export interface SessionFacts {
  readonly address: string;
  readonly firmware: string | undefined;
  /** The device type with version that the device named. */
  readonly type: { readonly id: string };
  readonly clock: ClockQuality | undefined;
}

export interface LastSession {
  /** Unix ms. */
  openedMs: number;
  deviceType: string;
  address: string;
  firmware?: string | undefined;
  /** As last measured, perhaps in an earlier session. */
  clock?: ClockQuality | undefined;
}

/** As the API shows it. */
export interface KnownSession {
  session: LatestSession;
  clock?: ClockQuality;
}

/** @param before the device's session before this one: its clock counts until this one's is measured */
export function openedSession(
  openedMs: number,
  { type, address, firmware, clock }: SessionFacts,
  before: LastSession | undefined,
): LastSession {
  return { openedMs, deviceType: type.id, address, firmware, clock: latestClock(clock, before?.clock) };
}

/** The session with its clock as measured until now. */
export function updatedSession(session: LastSession, { clock }: SessionFacts): LastSession {
  return { ...session, clock: latestClock(clock, session.clock) };
}

/** @param open whether the session is open now */
export function knownSession(
  { clock, firmware, ...session }: LastSession,
  { heartbeatMs }: { heartbeatMs: number },
  { frameMs }: Marks,
  open: boolean,
): KnownSession {
  return {
    session: {
      ...session,
      ...(firmware === undefined ? {} : { firmware }),
      heartbeatSec: heartbeatMs / 1000,
      open,
      heardMs: Math.max(session.openedMs, frameMs ?? 0),
    },
    ...(clock === undefined ? {} : { clock }),
  };
}

function latestClock(
  now: ClockQuality | undefined,
  before: ClockQuality | undefined,
): ClockQuality | undefined {
  return now?.measuredMs === undefined ? (before ?? now) : now;
}
