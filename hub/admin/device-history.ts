import type { PresenceHistory } from '../../schemas/api/presence-history.ts';
import type { DeviceSeries, LastValues, LogLine } from '../../schemas/api/readings.ts';
import type { NackRow } from '../../schemas/api/rejects.ts';
import type { Registry } from '../registry/registry.ts';
import { createDeviceLogs, type DeviceLogQuery } from '../telemetry/device-logs.ts';
import { createLastValues } from '../telemetry/last-values.ts';
import type { LatestReadings } from '../telemetry/latest-readings.ts';
import { createPresenceHistory, type PresenceHistoryQuery } from '../telemetry/presence-history.ts';
import { createSeries, type DeviceSeriesQuery } from '../telemetry/series.ts';
import type { MetricsReader } from '../telemetry/store.ts';
import type { TypeOf } from '../telemetry/stream-of.ts';
import type { NackLog } from './nack-log.ts';

/** What a device has sent, and its states so far. */
export interface DeviceHistory {
  /** @throws HubError `device-unknown` · `type-unknown` · `store-unavailable` */
  lastValues(device: string): Promise<LastValues>;
  /** @throws HubError `device-unknown` · `type-unknown` · `input-invalid` · `store-unavailable` */
  series(query: DeviceSeriesQuery): Promise<DeviceSeries>;
  /** @throws HubError `device-unknown` · `store-unavailable` */
  presenceHistory(query: PresenceHistoryQuery): Promise<PresenceHistory>;
  /** Oldest first. @throws HubError `device-unknown` · `store-unavailable` */
  logs(query: DeviceLogQuery): Promise<LogLine[]>;
  /** Newest first. @throws HubError `device-unknown` */
  nacks(device: string): Promise<NackRow[]>;
}

export function createDeviceHistory(deps: {
  registry: Registry;
  store: MetricsReader;
  latest: LatestReadings;
  nackLog: NackLog;
  typeOf: TypeOf;
}): DeviceHistory {
  const { registry, store, nackLog } = deps;
  const presenceHistory = createPresenceHistory(store);
  const logs = createDeviceLogs(store);
  return {
    lastValues: createLastValues(deps),
    series: createSeries(deps),
    presenceHistory: async (query) =>
      presenceHistory({ ...query, device: (await registry.found(query.device)).id }),
    logs: async (query) => logs({ ...query, device: (await registry.found(query.device)).id }),
    nacks: async (device) => nackLog.of((await registry.found(device)).id),
  };
}
