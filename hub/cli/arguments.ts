/** Parsers of arguments and options. */

import { InvalidArgumentError, type Command } from 'commander';
import { deviceTypePattern, namePattern, sitePattern } from '../../schemas/limits.ts';
import { exitCodes } from './exit-codes.ts';

/** A whole number within `min` and `max`. */
export function parseWhole(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= min && value <= max)) {
      throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
    }
    return value;
  };
}

export function parseId(text: string): string {
  if (!namePattern.test(text)) throw new InvalidArgumentError('It must be 1 to 64 letters, digits, _ and -.');
  return text;
}

/** A shell gives an empty text for a variable that is not set, and the default folder may be that of another hub. */
export function parsePath(text: string): string {
  if (!/^\P{Cc}{1,4096}$/u.test(text))
    throw new InvalidArgumentError('It must be 1 to 4096 characters, none of them a control character.');
  return text;
}

export function parseType(text: string): string {
  if (!deviceTypePattern.test(text)) {
    throw new InvalidArgumentError('It must be name@version, for example env-sensor@1.');
  }
  return text;
}

export function parseSite(text: string): string {
  if (!sitePattern.test(text))
    throw new InvalidArgumentError('It must be 1 to 64 letters, digits, _ . and -.');
  return text;
}

const durationUnitsMs: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000 };

/** A duration, ms. */
export function parseDurationMs(text: string): number {
  const [, digits = '', unit = ''] = /^(\d{1,6})([smh])$/.exec(text) ?? [];
  if (digits === '')
    throw new InvalidArgumentError('It must be a whole number with s, m or h, for example 90s, 5m or 1h.');
  return Number(digits) * (durationUnitsMs[unit] ?? 0);
}

/** ISO 8601: a date (UTC), or date and time with a zone, so that no local clock is guessed. */
export function parseTimeMs(text: string): number {
  const iso = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d))?$/.test(text);
  const unixMs = iso ? Date.parse(text) : Number.NaN;
  if (!(unixMs >= 0)) {
    throw new InvalidArgumentError(
      'It must be a date, or a date and time with a zone, for example 2026-01-31T12:00:00Z.',
    );
  }
  return unixMs;
}

/** The options of a list that has a time for each of its lines. */
export interface TimeRange {
  from?: number;
  to?: number;
}

export function withTimeRange(command: Command): Command {
  return command
    .option('--from <time>', 'from this time on: 2026-01-31, or 2026-01-31T12:00:00Z', parseTimeMs)
    .option('--to <time>', 'up to this time, exclusive', parseTimeMs);
}

/** Ends the command line when nothing can be within the range. */
export function checkTimeRange({ from, to }: TimeRange, command: Command): void {
  if (from !== undefined && to !== undefined && from >= to)
    command.error('error: --from must be before --to', { exitCode: exitCodes.usage });
}

/** Adds `key=value` to the labels so far; the hub checks keys and values. */
export function parseLabel(text: string, before: Record<string, string> = {}): Record<string, string> {
  const equals = text.indexOf('=');
  const key = text.slice(0, Math.max(0, equals));
  if (key === '' || key === '__proto__') {
    throw new InvalidArgumentError('It must be key=value, for example floor=2.');
  }
  if (Object.hasOwn(before, key)) throw new InvalidArgumentError(`${key} is given twice.`);
  return { ...before, [key]: text.slice(equals + 1) };
}
