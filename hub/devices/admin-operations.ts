/** What operators can ask of the devices: over the admin socket of a running hub, or on the files when none runs. */

import type { ReadingsRow } from '../telemetry/store.ts';
import type { PresenceReason, PresenceState } from './presence.ts';

export interface NewDevices {
  /** Device ids, `^[A-Za-z0-9_-]{1,64}$`, each once. All are registered, or none. */
  ids: string[];
  /** Device type with version, such as `env-sensor@1`. */
  type: string;
  /** Tag of every point of these devices; fixed for life. */
  site: string;
}

/** The secret is shown this once: the hub keeps its hash. */
export interface NewCredential {
  id: string;
  secret: string;
}

export interface DeviceSummary {
  id: string;
  type: string;
  site: string;
  labels: Readonly<Record<string, string>>;
  /** `unknown`: no hub runs that could tell. */
  presence: PresenceState | 'unknown';
  /** Since when, Unix ms; null when that is not known. */
  sinceMs: number | null;
}

export interface DeviceDetails extends DeviceSummary {
  /** Unix ms. */
  registeredMs: number;
  /** Number of the device's latest session; 0 when it never had one. */
  epoch: number;
  /** Why presence is what it is, such as `no-heartbeat`. */
  reason?: PresenceReason;
  firmware?: string;
}

export interface LabelChange {
  readonly set: Readonly<Record<string, string>>;
  readonly remove: readonly string[];
}

export interface DeviceOperations {
  /** @throws HubError `device-exists` (details.ids: those taken; nothing was added) · `input-invalid` */
  addDevices(request: NewDevices): Promise<NewCredential[]>;
  /** All devices, by id. */
  listDevices(): Promise<DeviceSummary[]>;
  /** @throws HubError `device-unknown` */
  showDevice(id: string): Promise<DeviceDetails>;
  /**
   * Sets and removes labels; keys as in selectors, values of 1 to 128 characters.
   * @throws HubError `device-unknown` · `input-invalid`
   */
  labelDevice(id: string, change: LabelChange): Promise<DeviceDetails>;
  /** Ends its session (close 4403) and commands and clears its retained presence. @throws HubError `device-unknown` */
  removeDevice(id: string): Promise<void>;
}

export interface DeviceReadingsQuery {
  device: string;
  stream: string;
  /** Unix ms, inclusive. */
  fromMs: number;
  /** Unix ms, exclusive. */
  toMs: number;
  /** At most so many rows. */
  limit: number;
  /** `last`: the newest rows of the range; `first`: the oldest. Both are answered oldest first. */
  take: 'first' | 'last';
}

export interface AdminOperations extends DeviceOperations {
  /** @throws HubError `device-unknown` · `input-invalid` (no such stream) · `store-unavailable` */
  readings(query: DeviceReadingsQuery): Promise<ReadingsRow[]>;
}
