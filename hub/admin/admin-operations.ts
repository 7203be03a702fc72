/** What operators can ask of the devices: over the admin socket of a running hub, or on the files when none runs. */

import type {
  countedBy,
  DeviceCounts,
  DeviceDetails,
  DevicePage,
  DeviceQuery,
  LabelChange,
  NewCredential,
  NewDevices,
} from '../../schemas/api/devices.ts';
import type { Incident } from '../../schemas/api/incidents.ts';
import type { Notice, NoticeRequest } from '../../schemas/api/notices.ts';
import type { DeviceWhy } from '../../schemas/api/presence.ts';
import type { DeviceReadingsQuery } from '../telemetry/history/readings.ts';
import type { Reading } from '../../schemas/api/telemetry/readings.ts';
import type { TelemetryOperations } from './telemetry-operations.ts';
import type { MayShow } from '../registry/visibility.ts';

export interface DeviceOperations {
  /** @throws HubError `device-exists` (details.ids: those taken; nothing was added) · `input-invalid` */
  addDevices(request: NewDevices): Promise<readonly NewCredential[]>;
  /** A page of the devices, by id. @param mayShow not given: all of them */
  listDevices(query: DeviceQuery, mayShow?: MayShow): Promise<DevicePage>;
  /** By value. @param mayShow not given: all devices are counted */
  countDevices(by: (typeof countedBy)[number], mayShow?: MayShow): Promise<readonly DeviceCounts[]>;
  /** @throws HubError `device-unknown` */
  showDevice(id: string): Promise<DeviceDetails>;
  /**
   * Sets and removes labels; keys as in selectors, values of 1 to 128 characters.
   * @throws HubError `device-unknown` · `input-invalid`
   */
  labelDevice(id: string, change: LabelChange): Promise<DeviceDetails>;
  /** Ends its session (close 4403) and its commands, and clears its retained presence. @throws HubError `device-unknown` */
  removeDevice(id: string): Promise<void>;
}

export interface AdminOperations extends DeviceOperations, TelemetryOperations {
  /** @throws HubError `device-unknown` */
  why(deviceId: string): DeviceWhy | Promise<DeviceWhy>;
  /** Newest first. @param mayShow here and below: which devices an answer may be about; not given: all */
  incidents(mayShow?: MayShow): readonly Incident[] | Promise<readonly Incident[]>;
  /** Sends a notice, or schedules it. @throws HubError `input-invalid` · `device-unknown` */
  pushNotice(request: NoticeRequest, actor?: string): Promise<Notice>;
  /** Those scheduled, then those sent, newest first. */
  notices(mayShow?: MayShow): readonly Notice[] | Promise<readonly Notice[]>;
  /** @throws HubError `device-unknown` · `input-invalid` (no such stream) · `store-unavailable` */
  readings(query: DeviceReadingsQuery): Promise<readonly Reading[]>;
}
