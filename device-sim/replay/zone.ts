/** A local time without a zone, as a clock on the wall shows it. */
export interface LocalTime {
  /** The same digits read as UTC, Unix ms; carries microseconds as decimals. */
  asUtcMs: number;
}

/** What a local time means in a zone. */
export type Instant =
  | { kind: 'instant'; ms: number }
  /** The clocks went back over it: it was twice, `first` in daylight saving time. */
  | { kind: 'twice'; first: number; second: number }
  /** The clocks went forward over it: it never was. */
  | { kind: 'never' };

const dayMs = 86_400_000;

/** An IANA time zone, its rules taken from Intl. */
export class Zone {
  readonly name: string;
  readonly #format: Intl.DateTimeFormat;

  /** @throws RangeError for a name Intl does not know */
  constructor(name: string) {
    this.name = name;
    this.#format = new Intl.DateTimeFormat('en-US', {
      timeZone: name,
      hourCycle: 'h23',
      era: 'short',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  }

  /**
   * Intl only tells what the wall shows at an instant, so the other way round is a search: with t the digits
   * read as UTC, the instant is t − offset for one of the offsets in force a day before and a day after (zones
   * change theirs at most once in that time). An offset is right when it is in force at the very instant it
   * gives. Both right and different: the hour was shown twice. None right: it was skipped.
   */
  instant({ asUtcMs }: LocalTime): Instant {
    const before = asUtcMs - this.#offsetMs(asUtcMs - dayMs);
    const after = asUtcMs - this.#offsetMs(asUtcMs + dayMs);
    const right = [before, after].filter((ms) => ms + this.#offsetMs(ms) === asUtcMs);
    const first = Math.min(...right);
    const second = Math.max(...right);
    if (right.length === 0) return { kind: 'never' };
    return first === second ? { kind: 'instant', ms: first } : { kind: 'twice', first, second };
  }

  /** What is added to UTC to get the local time, ms. */
  #offsetMs(ms: number): number {
    const parts = new Map(this.#format.formatToParts(ms).map(({ type, value }) => [type, value]));
    const number = (type: Intl.DateTimeFormatPartTypes): number => Number(parts.get(type));
    const wholeSecond = Math.floor(ms / 1000) * 1000;
    const [year, month, day] = [number('year'), number('month'), number('day')];
    return Date.UTC(year, month - 1, day, number('hour'), number('minute'), number('second')) - wholeSecond;
  }
}

/**
 * A time cell: ISO 8601 with `T` or a space, seconds and up to six decimals optional, with or without a zone;
 * `2026-03-01` alone is midnight; or Unix seconds (10 digits) or milliseconds (13 digits), decimals allowed.
 * @returns Unix ms, a local time when it names no zone, or undefined when it is no time
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
  // Date.UTC carries over: 31 February would become 3 March. What comes back must be what went in.
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

/** The wire carries three decimals of a millisecond. */
function rounded(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
