/** Logs of devices, over HTTP. */

import type { FastifyInstance } from 'fastify';
import { logApi } from '../../../../schemas/api/logs.ts';
import type { DeviceHistory } from '../../../admin/device-history.ts';
import { serve } from './serve-operation.ts';

export function serveLogs(app: FastifyInstance, operations: Pick<DeviceHistory, 'logs'>): void {
  serve(app, logApi.listLogs, async ({ params, query }) => ({
    lines: await operations.logs({ device: params.id, ...query }),
  }));
}
