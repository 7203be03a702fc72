/** Twins over HTTP: the ETag is the revision of desired. */

import type { FastifyInstance } from 'fastify';
import { twinApi } from '../../../../schemas/api/twins/twins.ts';
import type { TwinOperations } from '../../../twins/twin-operations.ts';
import { requesterOf } from './command-routes.ts';
import { serve } from './serve-operation.ts';

export function serveTwins(app: FastifyInstance, operations: TwinOperations): void {
  serve(app, twinApi.listTwins, ({ query, mayShow }) => operations.list(query, mayShow));
  serve(app, twinApi.showTwin, async ({ params }, reply) => {
    const twin = await operations.show(params.id);
    reply.header('etag', `"${twin.rev}"`);
    return twin;
  });
  serve(
    app,
    twinApi.changeDesired,
    async (request, reply) => {
      const { params, body, headers } = request;
      const twin = await operations.change({
        device: params.id,
        patch: body,
        requester: requesterOf(request),
        ifRevs: revsOf(headers['if-match']),
      });
      reply.header('etag', `"${twin.rev}"`);
      return twin;
    },
    { audit: 'twin.set', auditsItself: true, setsTwin: true },
  );
  serve(app, twinApi.twinHistory, async ({ params, query }) => ({
    changes: await operations.history(params.id, query.limit),
  }));
}

/** The revisions in an If-Match (RFC 9110 §13.1.1); undefined: any will do. A tag that is none of ours matches none. */
function revsOf(header: string | undefined): number[] | undefined {
  if (header === undefined || header.trim() === '*') return undefined;
  return header.split(',').flatMap((tag) => {
    const rev = /^"(\d{1,16})"$/.exec(tag.trim())?.[1];
    return rev === undefined ? [] : [Number(rev)];
  });
}
