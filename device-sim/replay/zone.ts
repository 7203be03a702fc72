import { ZoneOffset } from '../../schemas/time/zone-offset.ts';

/** A local time without a zone, as shown by a wall clock. */
export interface LocalTime {
  /** The same digits interpreted as UTC, Unix ms, with microseconds as decimals. */
  asUtcMs: number;
}

/** The instant of a local time in a zone. */
export type Instant =
  | { kind: 'instant'; ms: number }
  /** It occurred twice because the clocks went back; `first` is in daylight saving time. */
  | { kind: 'twice'; first: number; second: number }
  /** It never occurred because the clocks went forward. */
  | { kind: 'never' };

const dayMs = 86_400_000;

/** An IANA time zone, with the rules of Intl. */
export class Zone {
  readonly name: string;
  readonly #offset: ZoneOffset;

  /** @throws RangeError for a name Intl does not know */
  constructor(name: string) {
    this.name = name;
    this.#offset = new ZoneOffset(name);
  }

  /**
   * Intl only converts an instant to local time, so the reverse is a search: with t the digits interpreted as UTC, the
   * instant is t − offset for one of the offsets in force a day before and a day after (zones change at most once in
   * that time). An offset is right if it is in force at the instant that it yields. If both are right and differ, the
   * hour occurred twice. If neither is right, the hour was skipped.
   */
  instant({ asUtcMs }: LocalTime): Instant {
    const before = asUtcMs - this.#offset.at(asUtcMs - dayMs);
    const after = asUtcMs - this.#offset.at(asUtcMs + dayMs);
    const right = [before, after].filter((ms) => ms + this.#offset.at(ms) === asUtcMs);
    const first = Math.min(...right);
    const second = Math.max(...right);
    if (right.length === 0) return { kind: 'never' };
    return first === second ? { kind: 'instant', ms: first } : { kind: 'twice', first, second };
  }
}

/**
 * A time cell: ISO 8601 with `T` or a space, seconds and up to six decimals optional, with or without a zone;
 * `2026-03-01` alone is midnight; or Unix seconds (10 digits) or milliseconds (13 digits), decimals allowed.
 * @returns Unix ms, a local time if there is no zone, or undefined if it is not a time
 */
export function parseTime(text: string): number | LocalTime | undefined {
  if (/^\d{9,10}(\.\d{1,6})?$/.test(text)) return rounded(Number(text) * 1000);
  if (/^\d{12,13}(\.\d{1,3})?$/.test(text)) return Number(text);
  const match =
    /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?\s?(Z|[+-]\d{2}:?\d{2})?)?$/i.exec(
      text,
    );
  if (match === null) return undefined;
  const [, year, month, day, hour = '0', minute = '0', second = '0', fraction = '', zone] = match;
  const digits = [year, month, day, hour, minute, second].map(Number);
  const [y = 0, mo = 0, d = 0, h = 0, mi = 0, s = 0] = digits;
  const wholeMs = Date.UTC(y, mo - 1, d, h, mi, s);
  // Date.UTC normalises: 31 February would become 3 March. So the result must have the digits of the input.
  const back = new Date(wholeMs);
  const shown = [back.getUTCFullYear(), back.getUTCMonth() + 1, back.getUTCDate()];
  const time = [back.getUTCHours(), back.getUTCMinutes(), back.getUTCSeconds()];
  if ([...shown, ...time].some((value, index) => value !== digits[index])) return undefined;
  const asUtcMs = rounded(wholeMs + Number(`0.${fraction || '0'}`) * 1000);
  return zone === undefined ? { asUtcMs } : asUtcMs - zoneOffsetMs(zone);
}

function zoneOffsetMs(zone: string): number {
  if (zone.toUpperCase() === 'Z') return 0;
  const sign = zone.startsWith('-') ? -1 : 1;
  return sign * (Number(zone.slice(1, 3)) * 60 + Number(zone.slice(-2))) * 60_000;
}

/** The protocol carries three decimals of a millisecond. */
function rounded(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
