import type { PresenceState } from '../../../../hub/presence/presence.ts';

/** A device as lists show it. */
export interface DeviceRow {
  id: string;
  /** Such as `env-sensor@1`. */
  type: string;
  site: string;
  labels: Readonly<Record<string, string>>;
  presence: PresenceState;
  /** When that began, Unix ms; null when it is not known. */
  sinceMs: number | null;
  /** The last reading or event, Unix ms. */
  lastDataMs: number | null;
  firmware?: string;
}

/** What the live feed tells of one device: id, state, since, last data. */
export type RowChange = readonly [
  id: string,
  presence: PresenceState,
  sinceMs: number | null,
  lastDataMs: number | null,
];
