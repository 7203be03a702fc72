/** The presence of a device so far, over HTTP. */

import type { FastifyInstance } from 'fastify';
import { presenceHistoryApi } from '../../../../schemas/api/presence-history.ts';
import type { DeviceHistory } from '../../../admin/device-history.ts';
import { serve } from './serve-operation.ts';

export function servePresenceHistory(
  app: FastifyInstance,
  operations: Pick<DeviceHistory, 'presenceHistory'>,
): void {
  serve(app, presenceHistoryApi.showPresenceHistory, ({ params, query }) =>
    operations.presenceHistory({ device: params.id, ...query }),
  );
}
