/** Arguments and options judged as they are read. */

import { InvalidArgumentError } from 'commander';

/** A whole number within `min` and `max`. */
export function parseWhole(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= min && value <= max)) {
      throw new InvalidArgumentError(`It must be a whole number of ${min} to ${max}.`);
    }
    return value;
  };
}
