/** Groups (stored selectors) and group commands, over HTTP. */

import type { FastifyInstance } from 'fastify';
import { groupApi } from '../../../../schemas/api/commands/group-commands.ts';
import type { GroupOperations } from '../../../commands/group/group-operations.ts';
import { requesterOf } from './command-routes.ts';
import { serve } from './serve-operation.ts';

export function serveGroups(app: FastifyInstance, operations: GroupOperations): void {
  serveSelectors(app, operations);
  serveGroupCommands(app, operations);
}

function serveSelectors(app: FastifyInstance, operations: GroupOperations): void {
  serve(app, groupApi.listGroups, async ({ mayShow }) => ({
    groups: await operations.groups(mayShow),
  }));
  serve(
    app,
    groupApi.setGroup,
    async ({ params, body }) => {
      const stored = { name: params.name, selector: body.selector };
      await operations.setGroup(stored);
      return stored;
    },
    { audit: 'group.set' },
  );
  serve(app, groupApi.removeGroup, ({ params }) => operations.removeGroup(params.name), {
    audit: 'group.remove',
  });
}

function serveGroupCommands(app: FastifyInstance, operations: GroupOperations): void {
  serve(
    app,
    groupApi.sendGroupCommand,
    async (asked, reply) => {
      const { body, headers, mayCommand } = asked;
      const { dryRun = false, command = {}, ...addressed } = body;
      const idempotencyKey = headers['idempotency-key'];
      const request = {
        ...addressed,
        payload: Buffer.from(JSON.stringify(command)),
        idempotencyKey,
      };
      const may = mayCommand && ((device: string): boolean => mayCommand(device, body.name));
      const caller = { requester: requesterOf(asked), may };
      if (dryRun) return operations.preview(request, caller);
      const sent = await operations.send(request, caller);
      reply.code(sent.repeated ? 200 : 202);
      return sent;
    },
    { reach: 'own', audit: 'group-command.send', auditsItself: true },
  );
  serve(app, groupApi.listGroupCommands, async ({ query, mayShow }) => ({
    groupCommands: await operations.list(query.limit, mayShow),
  }));
  serve(app, groupApi.showGroupCommand, ({ params, mayShow }) => operations.show(params.id, mayShow));
  serve(
    app,
    groupApi.cancelGroupCommand,
    (request) =>
      operations.cancel(request.params.id, { requester: requesterOf(request), may: request.mayShow }),
    { reach: 'own', audit: 'group-command.cancel', auditsItself: true },
  );
}
