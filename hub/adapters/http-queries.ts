/** Query strings are text: numbers in them are read here, and a bad one is named with its rule. */

import { HubError } from '../kernel/errors.ts';

/** @throws HubError `input-invalid` */
export function wholeNumber(text: string | undefined, name: string, max: number): number {
  const value = text !== undefined && /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value <= max)) throw badQuery(name, `a whole number of at most ${max}`, text ?? 'nothing');
  return value;
}

/** HubError `input-invalid` about one name of the query. */
export function badQuery(name: string, expected: string, got: string): HubError {
  return new HubError('input-invalid', `query ${name} must be ${expected}`, {
    details: { errors: [{ path: `/${name}`, expected, got: got.slice(0, 64) }] },
  });
}
