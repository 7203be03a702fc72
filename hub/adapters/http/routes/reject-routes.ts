/** What the hub refused from devices, over HTTP: the last refusals of each, and counts by field and firmware. */

import type { FastifyInstance } from 'fastify';
import { nackApi, rejectApi, type RejectReport } from '../../../../schemas/api/telemetry/rejects.ts';
import type { DeviceHistory } from '../../../admin/device-history.ts';
import type { MayShow } from '../../../registry/visibility.ts';
import { serve } from './serve-operation.ts';

export interface RejectOperations extends Pick<DeviceHistory, 'nacks'> {
  /** @param mayShow not given: of all devices */
  rejects(mayShow?: MayShow): Promise<RejectReport>;
}

export function serveRejects(app: FastifyInstance, operations: RejectOperations): void {
  serve(app, nackApi.listNacks, async ({ params }) => ({ nacks: await operations.nacks(params.id) }));
  serve(app, rejectApi.listRejects, ({ mayShow }) => operations.rejects(mayShow));
}
