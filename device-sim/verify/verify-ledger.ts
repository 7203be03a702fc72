import type { Settlement } from '../../sdk/typescript/src/node.ts';

/** One point in the store. */
export interface StoredRow {
  timeMs: number;
  fields: Readonly<Record<string, unknown>>;
}

interface Entry {
  value: number;
  /** Whether any transmission was stored; a reading may be sent more than once. */
  stored: boolean;
  refused: string | undefined;
  dropped: boolean;
}

export interface LedgerCounts {
  /** Distinct readings. */
  sent: number;
  stored: number;
  refused: number;
  dropped: number;
  /** Never settled. */
  open: number;
}

/** What one device sent and how the hub answered, by time, because a reading is (device, stream, time). */
export class VerifyLedger {
  readonly #entries = new Map<number, Entry>();
  readonly #field: string;

  /** @param field the field of each reading */
  constructor(field: string) {
    this.#field = field;
  }

  /** Records that a reading is sent. @returns the function to call with its settlement */
  sent(timeMs: number, value: number): (settlement: Settlement) => void {
    const known = this.#entries.get(timeMs);
    const entry = known ?? { value, stored: false, refused: undefined, dropped: false };
    this.#entries.set(timeMs, entry);
    return (settlement) => {
      if (settlement.kind === 'stored') entry.stored = true;
      else if (settlement.kind === 'refused') entry.refused = settlement.nack.code;
      else entry.dropped = true;
    };
  }

  counts(): LedgerCounts {
    const all = [...this.#entries.values()];
    const count = (is: (entry: Entry) => boolean): number => all.filter(is).length;
    return {
      sent: all.length,
      stored: count(({ stored }) => stored),
      refused: count(({ stored, refused }) => !stored && refused !== undefined),
      dropped: count(({ stored, refused, dropped }) => !stored && refused === undefined && dropped),
      open: count(({ stored, refused, dropped }) => !stored && refused === undefined && !dropped),
    };
  }

  /**
   * Compares the ledger with what the store has of this device.
   * @returns every difference as text: acked but missing, rejected but stored, never sent, or a different value
   */
  differences(rows: readonly StoredRow[]): string[] {
    const found: string[] = [];
    const seen = new Map<number, unknown>();
    for (const { timeMs, fields } of rows) {
      const at = new Date(timeMs).toISOString();
      if (seen.has(timeMs)) found.push(`${at} is stored twice`);
      seen.set(timeMs, fields[this.#field]);
      const entry = this.#entries.get(timeMs);
      if (entry === undefined) found.push(`${at} is stored but was never sent`);
      else if (fields[this.#field] !== entry.value) {
        found.push(`${at} was sent as ${entry.value} but is stored as ${String(fields[this.#field])}`);
      } else if (entry.refused !== undefined && !entry.stored) {
        found.push(`${at} was rejected (${entry.refused}) but is stored`);
      }
    }
    for (const [timeMs, { stored }] of this.#entries) {
      if (stored && !seen.has(timeMs))
        found.push(`${new Date(timeMs).toISOString()} was acked but is not stored`);
    }
    return found;
  }
}
