/** The ids `PREFIX1` to `PREFIXn`, or the one that is given. @param count empty: one device with this id */
export function newIds(id: string, count: string): string[] {
  const number = Number(count);
  if (count.trim() === '') return [id.trim()];
  return Array.from(
    { length: Number.isInteger(number) && number > 0 ? number : 0 },
    (_, at) => `${id.trim()}${at + 1}`,
  );
}

/**
 * Labels as people write them: `floor=2, room=kitchen`.
 * @returns undefined: one of them has no `=`
 */
export function labelsOf(text: string): Record<string, string> | undefined {
  const parts = text.split(',').map((part) => part.trim());
  const pairs = parts.filter((part) => part !== '').map((part) => part.split(/=(.*)/s, 2));
  if (pairs.some(([key = '', value = '']) => key === '' || value === '')) return undefined;
  return Object.fromEntries(pairs.map(([key = '', value = '']) => [key.trim(), value.trim()]));
}
