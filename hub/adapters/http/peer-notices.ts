/** Notices that another hub has for the devices of this one. */

import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import type { NoticeOrder, NoticeSpreads } from '../../notices/notice-spreads.ts';
import { peerNoticesPath } from '../../notices/notices-elsewhere.ts';

const body = Type.Object({
  id: Type.String(),
  to: Type.String(),
  topic: Type.String(),
  data: Type.Optional(Type.Unknown()),
  jitterMs: Type.Number({ minimum: 0 }),
});

/** The audit has it from the hub that was asked for the notice. */
export function servePeerNotices(app: FastifyInstance, spreads: Pick<NoticeSpreads, 'begin'>): void {
  app.post(peerNoticesPath, { schema: { body }, config: { auditsItself: true } }, ({ body: order }) =>
    spreads.begin(order as NoticeOrder),
  );
}
