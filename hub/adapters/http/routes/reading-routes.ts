/** What a device sent, over HTTP: readings, the last values, a series, events, its log. */

import type { FastifyInstance } from 'fastify';
import { readingApi } from '../../../../schemas/api/telemetry/readings.ts';
import type { AdminOperations } from '../../../admin/admin-operations.ts';
import type { DeviceHistory } from '../../../admin/device-history.ts';
import { serve } from './serve-operation.ts';

const maxFields = 64;
const maxNewest = 16;

export type ReadingOperations = Pick<AdminOperations, 'readings'> &
  Pick<DeviceHistory, 'lastValues' | 'newestValues' | 'series' | 'sentEvents' | 'logs'>;

export function serveReadings(app: FastifyInstance, operations: ReadingOperations): void {
  serve(app, readingApi.listReadings, async ({ params: { id, stream }, query }) => ({
    readings: await operations.readings({ device: id, stream, ...query }),
  }));
  serve(app, readingApi.listNewestValues, ({ query: { fields = '' }, mayShow }) =>
    operations.newestValues(fields.split(',', maxNewest), mayShow),
  );
  serve(app, readingApi.showLastValues, ({ params }) => operations.lastValues(params.id));
  serve(app, readingApi.showSeries, ({ params, query: { fields, points, ...rest } }) =>
    operations.series({
      device: params.id,
      stream: params.stream,
      ...rest,
      points: Math.max(2, points),
      ...(fields === undefined ? {} : { fields: fields.split(',', maxFields + 1).slice(0, maxFields) }),
    }),
  );
  serve(app, readingApi.listEvents, async ({ params, query }) => ({
    events: await operations.sentEvents({ device: params.id, ...query }),
  }));
  serve(app, readingApi.listLogs, async ({ params, query }) => ({
    lines: await operations.logs({ device: params.id, ...query }),
  }));
}
