/** Groups (stored selectors) and group commands, as JSON over HTTP. */

import type { FastifyInstance } from 'fastify';
import { namePattern } from '../../../schemas/limits.ts';
import type { GroupOperations } from '../../commands/group-operations.ts';
import { faultAnswer } from './error-answers.ts';
import { commandName, idempotencyHeader, requesterOf } from './command-routes.ts';
import { wholeNumber } from './query-values.ts';

const selector = {
  type: 'string',
  minLength: 1,
  maxLength: 2_048,
  description: 'all, a device id, or key=value,…',
};
const group = { type: 'string', pattern: namePattern.source };
const groupAnswer = {
  type: 'object',
  additionalProperties: true,
  properties: {
    id: commandName,
    group: { type: 'string' },
    to: selector,
    name: commandName,
    status: { type: 'string', enum: ['running', 'finished', 'stopped', 'expired', 'cancelled'] },
    final: { type: 'boolean' },
    reason: { type: 'string' },
    targets: { type: 'integer' },
    succeeded: { type: 'integer' },
    failed: { type: 'integer', description: 'ended otherwise, or uncertain' },
    devices: {
      type: 'array',
      items: {
        type: 'object',
        properties: { device: { type: 'string' }, status: { type: 'string' }, reason: { type: 'string' } },
      },
    },
  },
};
const requestBody = {
  type: 'object',
  additionalProperties: false,
  required: ['name'],
  properties: {
    to: selector,
    group,
    name: commandName,
    command: {
      type: 'object',
      additionalProperties: true,
      description: '{id?, params?, ttlMs?, wave?, maxFailures?, jitterMs?}, as on the MQTT topic',
    },
    dryRun: { type: 'boolean', description: 'only tell which devices it would go to' },
  },
  oneOf: [{ required: ['to'] }, { required: ['group'] }],
};

const listAnswer = {
  type: 'object',
  properties: { groupCommands: { type: 'array', items: groupAnswer } },
};
/** Group commands of one answer: each is read with its targets. */
const maxListed = 100;
const tags = ['groups'];

interface SendBody {
  to?: string;
  group?: string;
  name: string;
  command?: Record<string, unknown>;
  dryRun?: boolean;
}

/** Adds `/api/v1/groups` and `/api/v1/group-commands` to `app`. */
export function serveGroups(app: FastifyInstance, operations: GroupOperations): void {
  serveSelectors(app, operations);
  serveGroupCommands(app, operations);
}

function serveSelectors(app: FastifyInstance, operations: GroupOperations): void {
  const byName = { type: 'object', properties: { name: group } };

  app.get('/api/v1/groups', { schema: { tags, summary: 'All groups' } }, async () => ({
    groups: await operations.groups(),
  }));

  app.put<{ Params: { name: string }; Body: { selector: string } }>(
    '/api/v1/groups/:name',
    {
      config: { audit: 'group.set' },
      schema: {
        tags,
        summary: 'Store a selector under a name',
        params: byName,
        body: {
          type: 'object',
          additionalProperties: false,
          required: ['selector'],
          properties: { selector },
        },
      },
    },
    async ({ params, body }) => {
      const stored = { name: params.name, selector: body.selector };
      await operations.setGroup(stored);
      return stored;
    },
  );

  app.delete<{ Params: { name: string } }>(
    '/api/v1/groups/:name',
    { config: { audit: 'group.remove' }, schema: { tags, summary: 'Forget a group', params: byName } },
    async ({ params }, reply) => {
      await operations.removeGroup(params.name);
      return reply.code(204).send();
    },
  );
}

function serveGroupCommands(app: FastifyInstance, operations: GroupOperations): void {
  const answers = { 200: groupAnswer, '4xx': faultAnswer };
  const byId = { type: 'object', properties: { id: { type: 'string' } } };
  app.post<{ Body: SendBody }>(
    '/api/v1/group-commands',
    {
      config: { needs: 'operator', reach: 'own', audit: 'group-command.send', auditsItself: true },
      schema: {
        tags,
        summary:
          'Send a command to many devices, in waves; or, with dryRun, tell which devices that would be',
        headers: idempotencyHeader,
        body: requestBody,
        response: { 202: groupAnswer, '4xx': faultAnswer },
      },
    },
    async (asked, reply) => {
      const { body, headers, mayCommand } = asked;
      const { dryRun = false, command = {}, ...addressed } = body;
      const key = headers['idempotency-key'];
      const request = {
        ...addressed,
        payload: Buffer.from(JSON.stringify(command)),
        ...(typeof key === 'string' ? { idempotencyKey: key } : {}),
      };
      const may = mayCommand && ((device: string): boolean => mayCommand(device, body.name));
      const caller = { requester: requesterOf(asked), may };
      if (dryRun) return operations.preview(request, caller);
      const sent = await operations.send(request, caller);
      return reply.code(sent.repeated ? 200 : 202).send(sent);
    },
  );

  app.get<{ Querystring: { limit?: string } }>(
    '/api/v1/group-commands',
    {
      schema: {
        tags,
        summary: 'Group commands, newest first',
        querystring: {
          type: 'object',
          additionalProperties: false,
          properties: { limit: { type: 'string', maxLength: 64 } },
        },
        response: { 200: listAnswer, '4xx': faultAnswer },
      },
    },
    async ({ query, mayShow }) => ({
      groupCommands: await operations.list(wholeNumber(query.limit ?? '20', 'limit', maxListed), mayShow),
    }),
  );

  app.get<{ Params: { id: string } }>(
    '/api/v1/group-commands/:id',
    { schema: { tags, summary: 'Where it stands, device by device', params: byId, response: answers } },
    ({ params, mayShow }) => operations.show(params.id, mayShow),
  );

  app.post<{ Params: { id: string } }>(
    '/api/v1/group-commands/:id/cancel',
    {
      config: { needs: 'operator', reach: 'own', audit: 'group-command.cancel', auditsItself: true },
      schema: {
        tags,
        summary: 'No further wave; what is not sent yet ends',
        params: byId,
        response: answers,
      },
    },
    (request) =>
      operations.cancel(request.params.id, { requester: requesterOf(request), may: request.mayShow }),
  );
}
