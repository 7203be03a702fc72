/** Changes of twins for many devices, over HTTP. */

import type { FastifyInstance } from 'fastify';
import { groupTwinApi } from '../../../../schemas/api/twins/group-twins.ts';
import type { GroupTwins } from '../../../twins/group/group-twins.ts';
import { requesterOf } from './command-routes.ts';
import { serve } from './serve-operation.ts';

export type GroupTwinOperations = Pick<GroupTwins, 'preview' | 'send' | 'list' | 'show' | 'cancel'>;

export function serveGroupTwins(app: FastifyInstance, operations: GroupTwinOperations): void {
  serve(
    app,
    groupTwinApi.setGroupTwins,
    async (request, reply) => {
      const caller = { requester: requesterOf(request), may: request.maySet };
      if (request.body.dryRun === true) return operations.preview(request.body, caller);
      const sent = await operations.send(request.body, caller);
      reply.code(sent.repeated ? 200 : 202);
      return sent;
    },
    { reach: 'own', audit: 'group-twin.set' },
  );
  serve(app, groupTwinApi.listGroupTwins, async ({ query, mayShow }) => ({
    groupTwins: await operations.list(query.limit, mayShow),
  }));
  serve(app, groupTwinApi.showGroupTwin, ({ params, mayShow }) => operations.show(params.id, mayShow));
  serve(
    app,
    groupTwinApi.cancelGroupTwin,
    (request) =>
      operations.cancel(request.params.id, { requester: requesterOf(request), may: request.maySet }),
    { reach: 'own', audit: 'group-twin.cancel' },
  );
}
