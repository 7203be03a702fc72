import type { Reading } from '../../schemas/api/telemetry/readings.ts';

/**
 * All readings of a range, page by page. A page begins with a whole millisecond, and a reading has a part of one: the last of a page
 * may come again.
 * @param page the readings from there on, oldest first, `most` of them at most
 */
export async function everyReading(
  page: (fromMs: number) => Promise<readonly Reading[]>,
  fromMs: number,
  most: number,
): Promise<readonly Reading[]> {
  const rows: Reading[] = [];
  for (let nextMs = fromMs; ;) {
    const lastMs = rows.at(-1)?.timeMs ?? -Infinity;
    const found = await page(nextMs);
    for (const row of found) if (row.timeMs > lastMs) rows.push(row);
    if (found.length < most) return rows;
    nextMs = Math.max(nextMs + 1, Math.floor(found.at(-1)?.timeMs ?? 0));
  }
}
