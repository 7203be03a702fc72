/** What operators can ask about telemetry: of a running hub, or of its files when none runs. */

import type { LedgerReport } from '../../schemas/api/telemetry/ledger.ts';
import type {
  DeadLetter,
  DeadLetterSelection,
  SpoolPage,
  SpoolStatus,
} from '../../schemas/api/telemetry/spool.ts';

export interface DeadLetterQuery {
  device?: string | undefined;
  /** Letters with a higher id; 0 for the first. */
  afterId: number;
  limit: number;
}

/** Any of these may throw HubError `database-failed`. */
export interface TelemetryOperations {
  /**
   * @param device only this account
   * @param mayShow which devices an answer may be about, here and below; not given: all. Otherwise the total is the
   * sum of theirs, and nothing is broken down by code or cause
   * @throws HubError `device-unknown` when the ledger has no account of it and it is not registered either
   */
  ledger(device?: string, mayShow?: (deviceId: string) => boolean): Promise<LedgerReport>;
  spoolStatus(): Promise<SpoolStatus>;
  /** Some of the spooled lines, as plain line protocol; null after the last. */
  spoolPage(afterId: number): Promise<SpoolPage | null>;
  deadLetters(
    query: DeadLetterQuery,
    mayShow?: (deviceId: string) => boolean,
  ): Promise<readonly DeadLetter[]>;
  /** @throws HubError `dead-letter-unknown` */
  deadLetter(id: number, mayShow?: (deviceId: string) => boolean): Promise<DeadLetter>;
  /** Puts them back on the way to the store. @returns how many */
  retryDeadLetters(selection: DeadLetterSelection): Promise<number>;
  /** Throws them away for good. @returns how many */
  purgeDeadLetters(selection: DeadLetterSelection): Promise<number>;
}
