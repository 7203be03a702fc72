import type { TwinChange } from '../../schemas/api/twins/twins.ts';
import type { JsonObject } from '../../schemas/twin/merge-patch.ts';
import type { Requester } from '../../schemas/api/requester.ts';
import type { Twin } from './twin.ts';

/** A twin as it is to be on disk, with the change of desired that led there, if one did. */
export interface TwinRow {
  device: string;
  twin: Twin;
  /** What was on disk when it was made; undefined: nothing. */
  from?: Twin | undefined;
  changes: readonly DesiredChange[];
}

/** Who changed what is desired of a device: an entry of its history and of the audit. */
export interface DesiredChange {
  rev: number;
  timeMs: number;
  patch: JsonObject;
  requester: Requester;
  /** What left desired because the type of the device no longer takes it. */
  dropped?: readonly string[] | undefined;
}

/**
 * Twins on disk; each write is synced. With its device a twin goes, but for its revision: one that is registered again goes on
 * counting, because the device may hold an old one. All reject with HubError `database-failed`.
 */
export interface TwinStore {
  /** By device id, those behind `after`. */
  page(after: string, limit: number): Promise<{ device: string; twin: Twin }[]>;
  find(device: string): Promise<Twin | undefined>;
  /**
   * Each with its changes and their audit entries. Rows that another hub has changed since they were read are left.
   * @returns the devices of those that were left
   */
  save(rows: readonly TwinRow[]): Promise<readonly string[]>;
  /** Newest first. */
  history(device: string, limit: number): Promise<TwinChange[]>;
}
