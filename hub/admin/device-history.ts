import type { PresenceHistory } from '../../schemas/api/presence-history.ts';
import type {
  DeviceSeries,
  LastValues,
  LogLine,
  NewestValues,
  SentEvent,
} from '../../schemas/api/telemetry/readings.ts';
import type { NackRow } from '../../schemas/api/telemetry/rejects.ts';
import type { MayShow } from '../registry/visibility.ts';
import { newestValuesOf } from '../telemetry/history/newest-values.ts';
import type { Registry } from '../registry/registry.ts';
import { createDeviceLogs, type DeviceLogQuery } from '../telemetry/device-logs.ts';
import { createLastValues } from '../telemetry/history/last-values.ts';
import type { LatestReadings } from '../telemetry/history/latest-readings.ts';
import { createPresenceHistory, type PresenceHistoryQuery } from '../telemetry/history/presence-history.ts';
import { createSentEvents, type SentEventsQuery } from '../telemetry/sent-events.ts';
import { createSeries, type DeviceSeriesQuery } from '../telemetry/history/series.ts';
import type { MetricsReader } from '../telemetry/store.ts';
import type { TypeOf } from '../telemetry/stream-of.ts';
import type { NackLog } from './nack-log.ts';

/** What a device has sent, and its states so far. */
export interface DeviceHistory {
  /** @throws HubError `device-unknown` · `type-unknown` · `store-unavailable` */
  lastValues(device: string): Promise<LastValues>;
  /** Of these fields, over the devices that the caller may see. */
  newestValues(fields: readonly string[], mayShow?: MayShow): NewestValues;
  /** @throws HubError `device-unknown` · `type-unknown` · `input-invalid` · `store-unavailable` */
  series(query: DeviceSeriesQuery): Promise<DeviceSeries>;
  /** @throws HubError `device-unknown` · `store-unavailable` */
  presenceHistory(query: PresenceHistoryQuery): Promise<PresenceHistory>;
  /** Oldest first. @throws HubError `device-unknown` · `store-unavailable` */
  sentEvents(query: SentEventsQuery): Promise<SentEvent[]>;
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
  const sentEvents = createSentEvents(store);
  const logs = createDeviceLogs(store);
  return {
    lastValues: createLastValues(deps),
    newestValues: (fields, mayShow = () => true) => newestValuesOf(deps.latest, fields, mayShow),
    series: createSeries(deps),
    presenceHistory: async (query) =>
      presenceHistory({ ...query, device: (await registry.found(query.device)).id }),
    sentEvents: async (query) => sentEvents({ ...query, device: (await registry.found(query.device)).id }),
    logs: async (query) => logs({ ...query, device: (await registry.found(query.device)).id }),
    nacks: async (device) => nackLog.of((await registry.found(device)).id),
  };
}
