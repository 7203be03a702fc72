/** Notices to devices, over HTTP. */

import type { FastifyInstance } from 'fastify';
import { noticeApi } from '../../../../schemas/api/notices.ts';
import type { AdminOperations } from '../../../admin/admin-operations.ts';
import { requesterOf } from './command-routes.ts';
import { serve } from './serve-operation.ts';

/** One frame carries it, and every device of the fleet may get it. */
const maxNoticeBytes = 16_384;

export function serveNotices(
  app: FastifyInstance,
  operations: Pick<AdminOperations, 'notices' | 'pushNotice'>,
): void {
  serve(app, noticeApi.listNotices, async ({ mayShow }) => ({ notices: await operations.notices(mayShow) }));
  serve(
    app,
    noticeApi.pushNotice,
    async (request, reply) => {
      const notice = await operations.pushNotice(request.body, requesterOf(request).actor);
      if (notice.report === undefined) reply.code(202);
      return notice;
    },
    { bodyLimit: maxNoticeBytes },
  );
}
