/** Offsets of time zones and their changes. */

import { ZoneOffset } from '../../schemas/time/zone-offset.ts';

const dayMs = 86_400_000;
/** Days remembered of a zone: a year of them, so that a search over months asks `Intl` once. */
const maxDays = 400;
/** IANA has some 600 names; a zone may also be written as an offset. */
const maxZones = 1_000;

/** A stretch of time with one offset. */
export interface OffsetSpan {
  /** Unix ms. Where no change is near, some moment before. */
  readonly startMs: number;
  /** The first moment behind it, Unix ms. */
  readonly endMs: number;
  /** How far local time is ahead of UTC, ms. */
  readonly offsetMs: number;
  /** The offset up to `startMs`, ms. */
  readonly beforeMs: number;
}

interface Day {
  /** The offset at its start, ms. */
  readonly offsetMs: number;
  readonly change?: { readonly atMs: number; readonly beforeMs: number; readonly afterMs: number };
}

/** True for an IANA name such as `Europe/Berlin`. */
export function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

export class TimeZone {
  readonly #offset: ZoneOffset;
  /** By the number of the day in UTC since 1970. */
  readonly #days = new Map<number, Day>();

  constructor(name: string) {
    this.#offset = new ZoneOffset(name);
  }

  /** The offset at a moment, Unix ms of a date after the year 100. */
  spanAt(unixMs: number): OffsetSpan {
    const number = Math.floor(unixMs / dayMs);
    const startMs = number * dayMs;
    const { offsetMs, change } = this.#day(number);
    if (change !== undefined && unixMs >= change.atMs) {
      const { atMs, beforeMs, afterMs } = change;
      return { startMs: atMs, endMs: startMs + dayMs, offsetMs: afterMs, beforeMs };
    }
    // The local times that a change skips or repeats may reach into the next day.
    const last = this.#day(number - 1).change;
    const currentMs = change?.beforeMs ?? offsetMs;
    return {
      startMs: last?.atMs ?? startMs - dayMs,
      endMs: change?.atMs ?? startMs + dayMs,
      offsetMs: currentMs,
      beforeMs: last?.beforeMs ?? currentMs,
    };
  }

  #day(number: number): Day {
    const known = this.#days.get(number);
    if (known !== undefined) return known;
    const day = this.#read(number);
    if (this.#days.size >= maxDays) this.#days.clear();
    this.#days.set(number, day);
    return day;
  }

  #read(number: number): Day {
    const startMs = number * dayMs;
    const offsetMs = this.#offset.at(startMs);
    const beforeMs = this.#offset.at(startMs - 1000);
    const afterMs = this.#offset.at(startMs + dayMs - 1000);
    // No zone changes twice within a day.
    if (beforeMs === afterMs) return { offsetMs };
    let [heldMs, changedMs] = [startMs - 1000, startMs + dayMs - 1000];
    while (changedMs - heldMs > 1000) {
      const middleMs = Math.floor((heldMs + changedMs) / 2000) * 1000;
      if (this.#offset.at(middleMs) === beforeMs) heldMs = middleMs;
      else changedMs = middleMs;
    }
    return { offsetMs, change: { atMs: changedMs, beforeMs, afterMs } };
  }
}

/** Making a zone costs more than all the times that are asked of it. */
const zones = new Map<string, TimeZone>();

/** @throws RangeError for what `isTimeZone` says no to */
export function timeZoneOf(name: string): TimeZone {
  const known = zones.get(name);
  if (known !== undefined) return known;
  const zone = new TimeZone(name);
  if (zones.size >= maxZones) zones.clear();
  zones.set(name, zone);
  return zone;
}
