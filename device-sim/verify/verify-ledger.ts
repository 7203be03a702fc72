import type { Settlement } from '../client/outbox.ts';

/** One point as the store has it. */
export interface StoredRow {
  timeMs: number;
  fields: Readonly<Record<string, unknown>>;
}

interface Entry {
  value: number;
  /** How each transmission ended; a reading may be sent more than once. */
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

/** What one device sent and was told: by time, since a reading is (device, stream, time). */
export class VerifyLedger {
  readonly #entries = new Map<number, Entry>();
  readonly #field: string;

  /** @param field the one each reading carries */
  constructor(field: string) {
    this.#field = field;
  }

  /** A reading leaves. @returns what to call with its settlement */
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
   * Holds the ledger against what the store has of this device.
   * @returns every difference, in words: acked and missing, refused and there, never sent, another value
   */
  differences(rows: readonly StoredRow[]): string[] {
    const found: string[] = [];
    const seen = new Map<number, unknown>();
    for (const { timeMs, fields } of rows) {
      const at = new Date(timeMs).toISOString();
      if (seen.has(timeMs)) found.push(`${at} is stored twice`);
      seen.set(timeMs, fields[this.#field]);
      const entry = this.#entries.get(timeMs);
      if (entry === undefined) found.push(`${at} is stored and was never sent`);
      else if (fields[this.#field] !== entry.value) {
        found.push(`${at} was sent as ${entry.value} and is stored as ${String(fields[this.#field])}`);
      } else if (entry.refused !== undefined && !entry.stored) {
        found.push(`${at} was refused (${entry.refused}) and is stored`);
      }
    }
    for (const [timeMs, { stored }] of this.#entries) {
      if (stored && !seen.has(timeMs))
        found.push(`${new Date(timeMs).toISOString()} was acked and is not stored`);
    }
    return found;
  }
}
