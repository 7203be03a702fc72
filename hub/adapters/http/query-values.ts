import { HubError } from '../../kernel/errors.ts';

/** A number in a path or query, which are text. @throws HubError `input-invalid` */
export function wholeNumber(text: string | undefined, name: string, max: number): number {
  const value = text !== undefined && /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value <= max)) throw badQuery(name, `a whole number of at most ${max}`, text ?? 'nothing');
  return value;
}

/** As `wholeNumber`, of 1 and more. @throws HubError `input-invalid` */
export function positive(text: string, name: string, max: number): number {
  const value = wholeNumber(text, name, max);
  if (value < 1) throw badQuery(name, `a whole number of 1 to ${max}`, text);
  return value;
}

/** The last whole second that every store takes: InfluxDB's times are nanoseconds in 64 bits. */
const maxTimeMs = 9_223_372_036_000;

/** As `wholeNumber`, a time in Unix ms that every store can be asked for. @throws HubError `input-invalid` */
export function timeMs(text: string | undefined, name: string): number {
  return wholeNumber(text, name, maxTimeMs);
}

/** The fault of one value of a path or query. */
export function badQuery(name: string, expected: string, got: string): HubError {
  return new HubError('input-invalid', `query ${name} must be ${expected}`, {
    details: { errors: [{ path: `/${name}`, expected, got: got.slice(0, 64) }] },
  });
}
