import type { BusCounters } from '../commands/bus.ts';

export function newBusCounters(): BusCounters {
  return { published: 0, dropped: 0, unavailable: 0, refused: 0, received: 0, connections: 0 };
}
