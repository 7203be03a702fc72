const steps: readonly (readonly [number, string])[] = [
  [86_400, 'day'],
  [3_600, 'hour'],
  [60, 'minute'],
  [1, 'second'],
];

/** A time in words, in its two greatest units: `1 hour 30 minutes`. @param sec ≥ 0; a part of a second counts as one */
export function durationWords(sec: number): string {
  let rest = Math.ceil(sec);
  const words: string[] = [];
  for (const [size, name] of steps) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0 && words.length < 2) words.push(`${count} ${name}${count === 1 ? '' : 's'}`);
    else if (words.length > 0) break;
  }
  return words.length === 0 ? '0 seconds' : words.join(' ');
}
