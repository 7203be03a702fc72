import type { Clock } from '../../schemas/time/clock.ts';
import type { Sessions } from './sessions.ts';

export interface DrainDeps {
  sessions: Sessions;
  clock: Clock;
  /** Uniform in [0, 1). */
  random: () => number;
}

export interface DrainOptions {
  /** The first device comes back this long after the drain began, ms, so that the hub can restart before. */
  firstSlotMs: number;
  /** Slots a second. */
  devicesPerSec: number;
  /** How long a session may take to settle its frames, ms. */
  settleMs: number;
}

/** A draining hub asks its devices back at this share of the rate at which they are accepted, so that others fit in. */
const slotShare = 0.5;

/**
 * When devices are asked back: from the restart on, at an even pace.
 * @param acceptPerSec of each hub: those of one cluster are configured alike
 * @param connections how many are sent away @param otherHubs live hubs that take them meanwhile; 0: this one does, once it is back
 */
export function slotsOf(
  { restartMs, acceptPerSec }: { restartMs: number; acceptPerSec: number },
  connections: number,
  otherHubs: number,
): { firstSlotMs: number; devicesPerSec: number; randomMs: (random: () => number) => number } {
  const devicesPerSec = acceptPerSec * slotShare * Math.max(1, otherHubs);
  const lastSlotMs = restartMs + (connections * 1000) / devicesPerSec;
  // A device that connects during the drain gets any of the slots.
  const randomMs = (random: () => number): number => restartMs + random() * (lastSlotMs - restartMs);
  return { firstSlotMs: restartMs, devicesPerSec, randomMs };
}

/**
 * Sends every connected device away with its own slot to come back. The slots follow each other in a random order, so
 * that devices return as an even stream. A session closes with 1012 when its frames are settled.
 * @returns resolves when every session has ended, at the latest after `settleMs`
 */
export async function drainSessions(
  { sessions, clock, random }: DrainDeps,
  { firstSlotMs, devicesPerSec, settleMs }: DrainOptions,
): Promise<void> {
  const connections = shuffled(sessions.connections(), random);
  const gapMs = 1000 / devicesPerSec;
  const slotOf = (place: number): number => firstSlotMs + place * gapMs;
  for (const [place, session] of connections.entries()) session.drain(slotOf(place));
  const late = Promise.withResolvers<void>();
  const cancel = clock.after(settleMs, late.resolve);
  await Promise.race([sessions.allEnded(), late.promise]);
  cancel();
  for (const [place, session] of connections.entries()) session.close('draining', slotOf(place));
}

/** Fisher and Yates. */
function shuffled<T>(items: readonly T[], random: () => number): T[] {
  const order = [...items];
  for (let last = order.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1));
    const moved = order[last] as T;
    order[last] = order[other] as T;
    order[other] = moved;
  }
  return order;
}
