import type { FieldError } from '../../../../schemas/field-error.ts';
import { texts } from '../texts/texts.ts';

/** How a group command spreads, as typed. */
export interface Pace {
  readonly wave: string;
  readonly maxFailures: string;
}

/** The hub's own bounds (group command payload). */
const most = 100_000;

/** What was typed, and what is wrong with it. `wave` undefined: as the hub does it. */
export function readPace(pace: Pace): {
  wave: number | undefined;
  maxFailures: number;
  faults: FieldError[];
} {
  const wave = pace.wave.trim() === '' ? undefined : Number(pace.wave);
  const maxFailures = pace.maxFailures.trim() === '' ? Number.NaN : Number(pace.maxFailures);
  const faults: FieldError[] = [];
  const check = (path: keyof Pace, value: number, least: number): void => {
    if (Number.isInteger(value) && value >= least && value <= most) return;
    const got = JSON.stringify(pace[path]);
    faults.push({ path, keyword: 'type', expected: texts.commands.wholeNumberFromTo(least, most), got });
  };
  if (wave !== undefined) check('wave', wave, 1);
  check('maxFailures', maxFailures, 0);
  return { wave, maxFailures, faults };
}
