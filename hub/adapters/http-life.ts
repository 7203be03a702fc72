/** The operators' API of what happens to connected devices: why one is away, incidents, notices. */

import type { FastifyInstance } from 'fastify';
import type { AdminOperations } from '../devices/admin-operations.ts';
import type { NoticeRequest } from '../devices/notices.ts';

const noticeSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['to', 'topic', 'data'],
  properties: {
    to: { type: 'string', minLength: 1, maxLength: 2048 },
    topic: { type: 'string', minLength: 1, maxLength: 128 },
    // Any JSON value, short enough for one frame.
    data: {},
    atMs: { type: 'number', minimum: 0 },
  },
};

/** One frame carries it, and every device of the fleet may get it. */
const maxNoticeBytes = 16_384;

/** Adds `/api/v1/devices/{id}/why`, `/api/v1/incidents` and `/api/v1/notices` to `app`. */
export function serveLife(app: FastifyInstance, operations: AdminOperations): void {
  app.get<{ Params: { id: string } }>('/api/v1/devices/:id/why', async ({ params }) =>
    operations.why(params.id),
  );

  app.get('/api/v1/incidents', async ({ mayShow }) => ({ incidents: await operations.incidents(mayShow) }));

  app.get('/api/v1/notices', async ({ mayShow }) => ({ notices: await operations.notices(mayShow) }));

  app.post<{ Body: NoticeRequest }>(
    '/api/v1/notices',
    { schema: { body: noticeSchema }, bodyLimit: maxNoticeBytes },
    async ({ body }, reply) => {
      const notice = await operations.pushNotice(body);
      return reply.code(notice.report === undefined ? 202 : 200).send(notice);
    },
  );
}
