import type { ReadingTime, Severity } from '../../../../schemas/protocol/device-frames.ts';
import type { EndedBoot } from './boots.ts';
import type { HubStore } from './ports.ts';

/** One reading or event, as it is kept. */
export interface KeptReading {
  what: { kind: 'reading'; stream: string } | { kind: 'event'; name: string; severity: Severity };
  time: ReadingTime;
  data: unknown;
  backfill: boolean;
  /** The boot to which `up` refers; undefined: this one. */
  boot: string | undefined;
}

/** A record of the store. @param boot the name of this one: when the reading is sent in a later one, its uptime must name it */
export function recordOf({ what, time, data, backfill, boot }: KeptReading, thisBoot: string): string {
  const of = boot ?? (time.up === undefined ? undefined : thisBoot);
  return JSON.stringify({ what, time, data, ...(backfill ? { backfill } : {}), boot: of });
}

/** @returns undefined when it is no such record */
function readingOf(record: string | undefined): KeptReading | undefined {
  try {
    const value: unknown = JSON.parse(record ?? '');
    return isKept(value) ? { ...value, backfill: value.backfill === true, boot: value.boot } : undefined;
  } catch {
    return undefined;
  }
}

function isKept(
  value: unknown,
): value is Omit<KeptReading, 'backfill' | 'boot'> & { backfill?: boolean; boot?: string } {
  if (typeof value !== 'object' || value === null || !('what' in value) || !('time' in value)) return false;
  const { what, time } = value;
  if (typeof what !== 'object' || what === null || !('kind' in what)) return false;
  if (typeof time !== 'object' || time === null) return false;
  return what.kind === 'reading' ? 'stream' in what : what.kind === 'event' && 'name' in what;
}

/** What a store has, in the order it was taken. */
export interface Loaded {
  readings: readonly (KeptReading & { record: number })[];
  /** Boots of these readings with their last uptime, oldest first. */
  boots: readonly EndedBoot[];
  /** Records that cannot be read. */
  damaged: number;
}

/** Reads all of a store; damaged records are dropped and counted. */
export function loadReadings(store: HubStore | undefined): Loaded {
  const readings: (KeptReading & { record: number })[] = [];
  const boots = new Map<string, number>();
  let damaged = store?.damaged ?? 0;
  for (let number = store?.next(0) ?? 0; number !== 0; number = store?.next(number) ?? 0) {
    const reading = readingOf(store?.read(number));
    if (reading === undefined) {
      store?.drop(number);
      damaged += 1;
      continue;
    }
    readings.push({ ...reading, record: number });
    const { boot, time } = reading;
    // A moment longer: its last reading must not have the time of the first one of the next boot, or they would be one.
    if (boot !== undefined && time.up !== undefined)
      boots.set(boot, Math.max(time.up + 1, boots.get(boot) ?? 0));
  }
  return { readings, boots: [...boots].map(([boot, up]) => ({ boot, up })), damaged };
}
