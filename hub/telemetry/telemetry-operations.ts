/** What operators can ask of the road to the store: of a running hub, or of its files when none runs. */

import type { Account, DropCause } from './ledger.ts';
import type { DeadLetter, DeadLetterSelection } from './spool-store.ts';

export interface LedgerRow extends Account {
  /** What came in less what left and what is held; anything but 0 is a fault of the hub. */
  imbalance: number;
}

export interface LedgerReport {
  total: LedgerRow;
  /** By id; the hub's own points stand under `(hub)`. */
  accounts: LedgerRow[];
  rejectedBy: Record<string, number>;
  droppedBy: Partial<Record<DropCause, number>>;
}

export interface SpoolStatus {
  /** `down`: lines go to the spool. `offline`: no hub runs. */
  store: 'up' | 'down' | 'offline';
  /** Why the store is down. */
  storeFault?: string;
  /** Why the spool itself takes nothing now. */
  spoolFault?: string;
  lines: number;
  /** Characters of these lines, and how many there may be. */
  size: number;
  maxSize: number;
  deadLetters: number;
  maxDeadLetters: number;
  /** When the oldest spooled lines came, Unix ms; null when there are none. */
  oldestMs: number | null;
}

export interface DeadLetterQuery {
  device?: string;
  /** Letters with a higher id; 0 for the first. */
  afterId: number;
  limit: number;
}

/** Any of these may throw HubError `database-failed`. */
export interface TelemetryOperations {
  /**
   * @param device only this account
   * @param mayShow which devices an answer may be about, here and below; not given: all. Otherwise the total is the
   * sum of theirs, and nothing is told by code or cause
   * @throws HubError `device-unknown` when nothing is booked for it
   */
  ledger(device?: string, mayShow?: (deviceId: string) => boolean): Promise<LedgerReport>;
  spoolStatus(): Promise<SpoolStatus>;
  /** Some of the spooled lines, as plain line protocol; null after the last. */
  spoolPage(afterId: number): Promise<{ lastId: number; text: string } | null>;
  deadLetters(query: DeadLetterQuery, mayShow?: (deviceId: string) => boolean): Promise<DeadLetter[]>;
  /** @throws HubError `dead-letter-unknown` */
  deadLetter(id: number, mayShow?: (deviceId: string) => boolean): Promise<DeadLetter>;
  /** Puts them back on the way to the store. @returns how many */
  retryDeadLetters(selection: DeadLetterSelection): Promise<number>;
  /** Throws them away for good. @returns how many */
  purgeDeadLetters(selection: DeadLetterSelection): Promise<number>;
}
