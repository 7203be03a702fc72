/** What happens to connected devices: incidents and notices. */

import type { FastifyInstance } from 'fastify';
import { incidentApi } from '../../../schemas/api/incidents.ts';
import { noticeApi } from '../../../schemas/api/notices.ts';
import type { AdminOperations } from '../../admin/admin-operations.ts';
import { serve } from './serve-operation.ts';

/** One frame carries it, and every device of the fleet may get it. */
const maxNoticeBytes = 16_384;

export function serveLife(app: FastifyInstance, operations: AdminOperations): void {
  serve(app, incidentApi.listIncidents, async ({ mayShow }) => ({
    incidents: await operations.incidents(mayShow),
  }));
  serve(app, noticeApi.listNotices, async ({ mayShow }) => ({ notices: await operations.notices(mayShow) }));
  serve(
    app,
    noticeApi.pushNotice,
    async ({ body }, reply) => {
      const notice = await operations.pushNotice(body);
      if (notice.report === undefined) reply.code(202);
      return notice;
    },
    { bodyLimit: maxNoticeBytes },
  );
}
