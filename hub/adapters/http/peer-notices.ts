/** Notices that another hub has for the devices of this one. */

import type { FastifyInstance } from 'fastify';
import { PeerNotice, peerNoticesPath, type PeerMoment } from '../../../schemas/api/peer-notices.ts';
import type { AskedNotice, NoticeSpreads } from '../../notices/notice-spreads.ts';

/** The audit has it from the hub that was asked for the notice. */
export function servePeerNotices(
  app: FastifyInstance,
  spreads: Pick<NoticeSpreads, 'begin' | 'nowMs'>,
): void {
  app.get(peerNoticesPath, (): PeerMoment => ({ nowMs: spreads.nowMs }));
  app.post(
    peerNoticesPath,
    { schema: { body: PeerNotice }, config: { auditsItself: true } },
    ({ body: order }) => spreads.begin(order as AskedNotice),
  );
}
