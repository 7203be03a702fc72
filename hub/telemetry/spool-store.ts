import type {
  DeadLetter,
  DeadLetterSelection,
  SpoolPage,
  SpoolStatus,
} from '../../schemas/api/telemetry/spool.ts';
import type { PointsByDevice } from './ledger.ts';

/** Lines on disk that the store does not have yet; some entries at a time, oldest first. */
export interface SpooledLines {
  /** The id of the newest entry among them. */
  upToId: number;
  /** When the oldest of them was spooled, Unix ms. */
  oldestMs: number;
  lines: string[];
  /** Lines by account. */
  shares: PointsByDevice;
  /** Characters, line feeds counted. */
  size: number;
}

/** A line that the store refuses permanently. */
export type NewDeadLetter = Omit<DeadLetter, 'id' | 'refusedMs'> & {
  /** Device type without its version; empty for the hub's own lines. */
  type: string;
};

/** Dead letters that are gone from the disk, by account and by device type. */
export interface RemovedLetters {
  shares: PointsByDevice;
  types: PointsByDevice;
}

/** What is on disk now. */
export type SpoolLevels = Pick<SpoolStatus, 'lines' | 'size' | 'deadLetters' | 'oldestMs'>;

/**
 * The spool and the dead letters on disk. What a method has resolved is synced. Every method may reject with
 * HubError `database-failed` (a full disk among others); then nothing has changed.
 */
export interface SpoolStore {
  levels(): Promise<SpoolLevels>;
  /** How many lines of each account are on disk. */
  shares(): Promise<{
    spooled: PointsByDevice;
    deadLettered: PointsByDevice;
    deadLetteredTypes: PointsByDevice;
  }>;
  append(entry: {
    lines: readonly string[];
    shares: PointsByDevice;
    size: number;
    nowMs: number;
  }): Promise<void>;
  /** The oldest entries, as many as fit; at least one when there is one. */
  head(limits: { lines: number; size: number }): Promise<SpooledLines | undefined>;
  /** Forgets the entries up to `upToId`; the refused lines among them become dead letters in the same commit. */
  remove(upToId: number, refused: readonly NewDeadLetter[], nowMs: number): Promise<void>;
  /** Entries after `afterId`, for the export: their text, line feeds between and after the lines. */
  page(afterId: number): Promise<SpoolPage | undefined>;
  addDeadLetters(letters: readonly NewDeadLetter[], nowMs: number): Promise<void>;
  /** By id. */
  deadLetters(query: { device?: string | undefined; afterId: number; limit: number }): Promise<DeadLetter[]>;
  deadLetter(id: number): Promise<DeadLetter | undefined>;
  /** Forgets them. */
  purge(selection: DeadLetterSelection): Promise<RemovedLetters>;
  /** Moves at most `limit` of them to the end of the spool. @returns which, and their characters */
  retry(
    selection: DeadLetterSelection,
    limit: number,
    nowMs: number,
  ): Promise<RemovedLetters & { size: number }>;
  close(): Promise<void>;
}
