import type {
  DeadLetter,
  DeadLetterSelection,
  SpoolPage,
  SpoolStatus,
} from '../../schemas/api/telemetry/spool.ts';
import type { PointsByDevice } from './ledger.ts';

/** Lines in a safe place that the store does not have yet; some entries at a time, oldest first. */
export interface SpooledLines {
  /** The entries they are from. */
  ids: readonly number[];
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
 * The spool and the dead letters of one hub, on its disk or with the state that several hubs share. What a method has resolved is
 * synced. Every method may reject with HubError `database-failed` (a full disk among others); then nothing has changed.
 */
export interface SpoolStore {
  /** Of a place that may be away while this hub works: what that means for readings. */
  readonly whenAway?: string;
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
  /** Forgets these entries, all or none; the refused lines among them become dead letters in the same commit. */
  remove(ids: readonly number[], refused: readonly NewDeadLetter[], nowMs: number): Promise<void>;
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

/** What a hub that has ended left, as far as another one has taken it over. */
export type AdoptedLines = SpoolLevels & {
  spooled: PointsByDevice;
  deadLettered: PointsByDevice;
  deadLetteredTypes: PointsByDevice;
};

/** A place that several hubs share. Each has its own part, until it ends. */
export interface SharedSpoolStore extends SpoolStore {
  /** This start of the hub has a part from now on; to be called before anything is changed. */
  begin(): Promise<void>;
  /** Whether hubs that have ended left something. */
  anyLeft(): Promise<boolean>;
  /**
   * Takes over some of what hubs that have ended left, oldest first.
   * @param room nothing is taken of what has none
   * @returns undefined: nothing is left for which there is room
   */
  adopt(room: { size: number; deadLetters: number }): Promise<AdoptedLines | undefined>;
  /** Waits no longer for what became of changes whose connection broke. */
  giveUp(): void;
}
