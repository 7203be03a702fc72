/** What a device has sent and been, over HTTP: last values, series, presence, refusals. */

import type { FastifyInstance } from 'fastify';
import { presenceHistoryApi, type PresenceHistory } from '../../../schemas/api/presence-history.ts';
import { readingApi, type DeviceSeries, type LastValues } from '../../../schemas/api/readings.ts';
import { nackApi, type NackRow } from '../../../schemas/api/rejects.ts';
import type { DeviceSeriesQuery } from '../../telemetry/series.ts';
import { serve } from './serve-operation.ts';

export interface HistoryOperations {
  /** @throws HubError `device-unknown` · `store-unavailable` */
  lastValues(device: string): Promise<LastValues>;
  /** @throws HubError `device-unknown` · `input-invalid` · `store-unavailable` */
  series(query: DeviceSeriesQuery): Promise<DeviceSeries>;
  /** @throws HubError `device-unknown` · `store-unavailable` */
  presenceHistory(query: {
    device: string;
    fromMs: number;
    toMs: number;
    limit: number;
  }): Promise<PresenceHistory>;
  /** Newest first. @throws HubError `device-unknown` */
  nacks(device: string): NackRow[];
}

const maxFields = 64;

/** Adds `/api/v1/devices/{id}/last`, `…/series/{stream}`, `…/presence` and `…/nacks` to `app`. */
export function serveHistory(app: FastifyInstance, operations: HistoryOperations): void {
  serve(app, readingApi.showLastValues, ({ params }) => operations.lastValues(params.id));
  serve(app, readingApi.showSeries, ({ params, query: { fields, points, ...range } }) =>
    operations.series({
      device: params.id,
      stream: params.stream,
      ...range,
      points: Math.max(2, points),
      ...(fields === undefined ? {} : { fields: fields.split(',', maxFields + 1).slice(0, maxFields) }),
    }),
  );
  serve(app, presenceHistoryApi.showPresenceHistory, ({ params, query }) =>
    operations.presenceHistory({ device: params.id, ...query }),
  );
  serve(app, nackApi.listNacks, ({ params }) => ({ nacks: operations.nacks(params.id) }));
}
