/** What operators can ask of the devices: over the admin socket of a running hub, or on the files when none runs. */

import type { DeviceDetails, DeviceSummary } from '../../schemas/api/devices.ts';
import type { Incident } from '../../schemas/api/incidents.ts';
import type { DeviceReadingsQuery } from '../telemetry/readings.ts';
import type { ReadingsRow } from '../telemetry/store.ts';
import type { TelemetryOperations } from '../telemetry/telemetry-operations.ts';
import type { DeviceQuery, Page } from './device-pages.ts';
import type { MayShow } from '../registry/visibility.ts';
import type { Stall } from '../presence/liveness.ts';
import type { Notice, NoticeRequest } from '../notices/notices.ts';
import type { Presence } from '../presence/presence.ts';
import type { StoryEntry } from '../presence/device-events.ts';
import type { Why } from '../presence/why.ts';

export interface NewDevices {
  /** Device ids (`namePattern`), each once. All are registered, or none. */
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

export interface LabelChange {
  readonly set: Readonly<Record<string, string>>;
  readonly remove: readonly string[];
}

export interface DeviceOperations {
  /** @throws HubError `device-exists` (details.ids: those taken; nothing was added) · `input-invalid` */
  addDevices(request: NewDevices): Promise<NewCredential[]>;
  /** A page of the devices, by id. @param mayShow not given: all of them */
  listDevices(query: DeviceQuery, mayShow?: MayShow): Promise<Page<DeviceSummary>>;
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

/** Why a device is not online, and what led to it. */
export interface DeviceWhy extends Why {
  id: string;
  presence: Presence;
  /** Oldest first. */
  story: readonly StoryEntry[];
  /** Times in which the hub itself was blocked, oldest first. */
  stalls: readonly Stall[];
}

export interface AdminOperations extends DeviceOperations, TelemetryOperations {
  /** @throws HubError `device-unknown` */
  why(deviceId: string): DeviceWhy | Promise<DeviceWhy>;
  /** Newest first. @param mayShow here and below: which devices an answer may be about; not given: all */
  incidents(mayShow?: MayShow): Incident[] | Promise<Incident[]>;
  /** Sends a notice, or schedules it. @throws HubError `input-invalid` · `device-unknown` */
  pushNotice(request: NoticeRequest): Promise<Notice>;
  /** Those scheduled, then those sent, newest first. */
  notices(mayShow?: MayShow): Notice[] | Promise<Notice[]>;
  /** @throws HubError `device-unknown` · `input-invalid` (no such stream) · `store-unavailable` */
  readings(query: DeviceReadingsQuery): Promise<ReadingsRow[]>;
}
