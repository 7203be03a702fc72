/** The history of a device, over HTTP: last values, series, presence, refusals. */

import type { FastifyInstance } from 'fastify';
import { presenceHistoryApi } from '../../../schemas/api/presence-history.ts';
import { readingApi } from '../../../schemas/api/readings.ts';
import { nackApi } from '../../../schemas/api/rejects.ts';
import type { DeviceHistory } from '../../admin/device-history.ts';
import { serve } from './serve-operation.ts';

const maxFields = 64;

/** Adds `/api/v1/devices/{id}/last`, `…/series/{stream}`, `…/presence` and `…/nacks` to `app`. */
export function serveHistory(app: FastifyInstance, operations: DeviceHistory): void {
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
