/** The offset of an IANA time zone from UTC, by the rules of Intl. */
export class ZoneOffset {
  readonly #format: Intl.DateTimeFormat;

  /** @throws RangeError for a name that Intl does not know */
  constructor(name: string) {
    this.#format = new Intl.DateTimeFormat('en-US', {
      timeZone: name,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  }

  /** Local time minus UTC at a moment, ms. @param unixMs of a date after the year 100 */
  at(unixMs: number): number {
    const wholeSecondMs = Math.floor(unixMs / 1000) * 1000;
    const part = new Map(
      this.#format.formatToParts(wholeSecondMs).map(({ type, value }) => [type, Number(value)]),
    );
    const of = (type: Intl.DateTimeFormatPartTypes): number => part.get(type) ?? Number.NaN;
    const local = Date.UTC(of('year'), of('month') - 1, of('day'), of('hour'), of('minute'), of('second'));
    return local - wholeSecondMs;
  }
}
