/** The hub's own limit for the time to live of a command, s (`ttlMs` of the request: 1 to 2,592,000,000). */
import { texts } from '../texts/texts.ts';
const maxTtlSec = 2_592_000;

export type TimeToLive = { kind: 'ok'; sec: number } | { kind: 'fault'; expected: string };

/** Reads what was typed as a time to live: seconds, or a number with `s`, `min`, `h` or `d`. */
export function readTimeToLive(text: string): TimeToLive {
  const [, count, unit = 's'] = /^\s*(\d+(?:\.\d+)?)\s*(s|min|h|d)?\s*$/.exec(text) ?? [];
  if (count === undefined) {
    return { kind: 'fault', expected: texts.forms.durationExpected };
  }
  const sec = Number(count) * (sizes[unit] ?? 1);
  if (sec < 0.001 || sec > maxTtlSec) return { kind: 'fault', expected: texts.forms.longerThan0S };
  return { kind: 'ok', sec };
}

/** The reverse: written in the largest unit that leaves a whole number. */
export function writeTimeToLive(sec: number): string {
  const unit =
    ['d', 'h', 'min'].find((name) => sec >= (sizes[name] ?? 1) && sec % (sizes[name] ?? 1) === 0) ?? 's';
  return `${sec / (sizes[unit] ?? 1)} ${unit}`;
}

const sizes: Readonly<Record<string, number>> = { s: 1, min: 60, h: 3_600, d: 86_400 };
