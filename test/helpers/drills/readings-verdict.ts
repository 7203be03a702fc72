/** What one device has sent, what it was acked for, and what the store has of it: by the reading's time, Unix ms. */
export interface ReadingLog {
  readonly device: string;
  readonly sent: readonly number[];
  readonly acked: readonly number[];
  readonly stored: ReadonlyMap<number, unknown>;
}

/** What the devices and the store disagree about. */
export interface Comparison {
  sent: number;
  acked: number;
  inStore: number;
  /** Acked and not in the store. */
  missing: string[];
  /** In the store and never sent, or with another value. */
  strange: string[];
}

/** The value belongs to the time, so that a mix-up shows. */
export function valueAt(ts: number): number {
  return (ts % 1000) / 10;
}

/** Every acked reading is stored, and nothing else but what was sent. */
export function compareReadings(logs: readonly ReadingLog[]): Comparison {
  const result: Comparison = { sent: 0, acked: 0, inStore: 0, missing: [], strange: [] };
  for (const { device, sent, acked, stored } of logs) {
    result.sent += sent.length;
    result.acked += acked.length;
    result.inStore += stored.size;
    for (const ts of acked) if (!stored.has(ts)) result.missing.push(`${device} ${ts}`);
    const known = new Set(sent);
    for (const [ts, value] of stored)
      if (!known.has(ts) || value !== valueAt(ts)) result.strange.push(`${device} ${ts} ${String(value)}`);
  }
  return result;
}
