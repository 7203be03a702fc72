/** The operators' API of what happens to connected devices: why one is away, incidents, notices. */

import type { FastifyInstance } from 'fastify';
import type { AdminOperations } from '../../admin/admin-operations.ts';
import type { NoticeRequest } from '../../notices/notices.ts';
import { answered, loose } from './error-answers.ts';

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

const number = { type: 'number' };
const string = { type: 'string' };
const list = (items: object): object => ({ type: 'array', items });
const presence = loose({ state: string, reason: string, sinceMs: number, epoch: number, n: number });
const incident = loose({
  id: string,
  kind: { type: 'string', enum: ['cloned-credential', 'flapping', 'correlated-loss'] },
  state: { type: 'string', enum: ['open', 'closed'] },
  sinceMs: number,
  untilMs: number,
  devices: number,
  sample: list(string),
});
const noticeRow = loose({ id: string, to: string, topic: string, createdMs: number, atMs: number });
const tags = ['devices'];

/** One frame carries it, and every device of the fleet may get it. */
const maxNoticeBytes = 16_384;

/** Adds `/api/v1/devices/{id}/why`, `/api/v1/incidents` and `/api/v1/notices` to `app`. */
export function serveLife(app: FastifyInstance, operations: AdminOperations): void {
  app.get<{ Params: { id: string } }>(
    '/api/v1/devices/:id/why',
    {
      schema: {
        tags,
        summary: 'Why it is not online, and what led to it, oldest first',
        params: loose({ id: string }),
        response: answered({
          id: string,
          presence,
          story: list(loose({ kind: string, atMs: number })),
          stalls: list(loose({})),
        }),
      },
    },
    async ({ params }) => operations.why(params.id),
  );

  app.get(
    '/api/v1/incidents',
    {
      schema: { tags, summary: 'Incidents, newest first', response: answered({ incidents: list(incident) }) },
    },
    async ({ mayShow }) => ({ incidents: await operations.incidents(mayShow) }),
  );

  app.get(
    '/api/v1/notices',
    {
      schema: {
        tags,
        summary: 'Notices: those scheduled, then those sent, newest first',
        response: answered({ notices: list(noticeRow) }),
      },
    },
    async ({ mayShow }) => ({ notices: await operations.notices(mayShow) }),
  );

  app.post<{ Body: NoticeRequest }>(
    '/api/v1/notices',
    { schema: { body: noticeSchema }, bodyLimit: maxNoticeBytes },
    async ({ body }, reply) => {
      const notice = await operations.pushNotice(body);
      return reply.code(notice.report === undefined ? 202 : 200).send(notice);
    },
  );
}
