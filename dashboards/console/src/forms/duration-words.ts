import { texts } from '../texts/texts.ts';

const { days, hours, minutes, seconds } = texts.counts;
const steps: readonly (readonly [number, (count: number) => string])[] = [
  [86_400, days],
  [3_600, hours],
  [60, minutes],
  [1, seconds],
];

/** A time in words, in its two greatest units: `1 hour 30 minutes`. @param sec ≥ 0; a part of a second counts as one */
export function durationWords(sec: number): string {
  let rest = Math.ceil(sec);
  const words: string[] = [];
  for (const [size, counted] of steps) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0 && words.length < 2) words.push(counted(count));
    else if (words.length > 0) break;
  }
  return words.length === 0 ? seconds(0) : words.join(' ');
}
