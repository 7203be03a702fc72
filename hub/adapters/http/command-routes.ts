/** Commands as JSON over HTTP; a request is judged by the same rules as one over MQTT, and refused in the same words. */

import type { Requester } from '../../../schemas/api/requester.ts';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { CommandStatus } from '../../../schemas/command-status.ts';
import { namePattern } from '../../../schemas/limits.ts';
import type { CommandOperations } from '../../commands/command-operations.ts';
import { faultAnswer, fieldError } from './error-answers.ts';
import { badQuery, wholeNumber } from './query-values.ts';

const statuses = ['accepted', 'queued', 'sent', 'received', 'running', 'uncertain'] as const;
const finalStatuses = ['succeeded', 'failed', 'rejected', 'expired', 'cancelled', 'lost'] as const;
const allStatuses: readonly CommandStatus[] = [...statuses, ...finalStatuses];
/** A caller that would wait longer asks again. */
const maxWaitMs = 60_000;
const maxPage = 1_000;

export const commandName = { type: 'string', pattern: namePattern.source };
/** Documentation only: answers are not filtered by it. */
const commandAnswer = {
  type: 'object',
  additionalProperties: true,
  properties: {
    id: commandName,
    device: commandName,
    name: commandName,
    status: { type: 'string', enum: allStatuses },
    final: { type: 'boolean' },
    params: { type: 'object', additionalProperties: true },
    accepted: { type: 'number' },
    ts: {
      type: 'number',
      description: 'when the status was entered; while running, when the device last spoke of it',
    },
    deadline: { type: 'number' },
    reason: { type: 'string' },
    errors: { type: 'array', items: fieldError },
    output: { description: "as the command's own schema says" },
  },
};
const commandBody = {
  type: 'object',
  properties: {
    id: {
      ...commandName,
      description: "the caller's own id, unique per device; needed for actuate and critical commands",
    },
    params: { type: 'object', additionalProperties: true },
    ttlMs: { type: 'integer', minimum: 1, maximum: 2_592_000_000 },
  },
};
const wait = {
  type: 'string',
  maxLength: 16,
  description: 'such as 10s or 500ms: answer when it has ended, or then',
};
const waitQuery = { type: 'object', additionalProperties: false, properties: { wait } };
const path = { type: 'object', properties: { id: { type: 'string' }, command: { type: 'string' } } };
export const idempotencyHeader = {
  type: 'object',
  properties: {
    'idempotency-key': { type: 'string', description: 'stands for the id where the body has none' },
  },
};

interface Addressed {
  Params: { id: string; command: string };
  Querystring: { wait?: string };
}
const shortText = { type: 'string', maxLength: 64 };
const listQuery = {
  type: 'object',
  additionalProperties: false,
  properties: {
    device: shortText,
    name: shortText,
    id: shortText,
    status: { type: 'string', enum: allStatuses },
    open: { type: 'string', enum: ['true', 'false'], description: 'without a final status' },
    fromMs: { ...shortText, description: 'accepted at or after, Unix ms' },
    toMs: { ...shortText, description: 'accepted before, Unix ms' },
    limit: shortText,
    before: { ...shortText, description: 'the `next` of the page before' },
  },
};
const listPage = {
  type: 'object',
  properties: { commands: { type: 'array', items: commandAnswer }, next: { type: 'number' } },
};
type ListQuery = Partial<
  Record<'device' | 'name' | 'id' | 'status' | 'open' | 'fromMs' | 'toMs' | 'limit' | 'before', string>
>;

/** Who asks, and by which listener. */
export function requesterOf({ operator, origin = 'http' }: FastifyRequest): Requester {
  return { actor: operator?.actor ?? 'local', origin };
}

/** Adds `/api/v1/commands` and `/api/v1/devices/{id}/commands/…` to `app`. */
export function serveCommands(app: FastifyInstance, operations: CommandOperations): void {
  // Bodies arrive here as bytes: one parser judges them, whatever their origin.
  void app.register((scope, _options, done) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, parsed) => parsed(null, body));
    serveSend(scope, operations);
    done();
  });
  const tags = ['commands'];
  const answers = { 200: commandAnswer, '4xx': faultAnswer };

  app.get<Addressed>(
    '/api/v1/devices/:id/commands/:command',
    {
      schema: {
        tags,
        summary: 'One command, by its id',
        params: path,
        querystring: waitQuery,
        response: answers,
      },
    },
    ({ params, query }) => operations.show(params.id, params.command, waitMs(query.wait)),
  );

  app.post<Addressed>(
    '/api/v1/devices/:id/commands/:command/cancel',
    {
      config: { needs: 'operator', audit: 'command.cancel', auditsItself: true },
      schema: {
        tags,
        summary: 'Ask for its end; what has begun may end otherwise',
        params: path,
        response: answers,
      },
    },
    (request) => operations.cancel(request.params.id, request.params.command, requesterOf(request)),
  );

  app.get<{ Querystring: ListQuery }>(
    '/api/v1/commands',
    {
      schema: {
        tags,
        summary: 'Commands, newest first; a page may hold fewer than asked for',
        querystring: listQuery,
        response: { 200: listPage, '4xx': faultAnswer },
      },
    },
    (request) => {
      const { query, mayShow } = request;
      const { limit, before, open, status, fromMs, toMs, ...wanted } = query;
      const wantedPage = {
        ...wanted,
        limit: wholeNumber(limit ?? '100', 'limit', maxPage),
        ...(before === undefined ? {} : { before: wholeNumber(before, 'before', Number.MAX_SAFE_INTEGER) }),
        ...(fromMs === undefined ? {} : { fromMs: wholeNumber(fromMs, 'fromMs', Number.MAX_SAFE_INTEGER) }),
        ...(toMs === undefined ? {} : { toMs: wholeNumber(toMs, 'toMs', Number.MAX_SAFE_INTEGER) }),
        ...(open === undefined ? {} : { open: open === 'true' }),
        ...(status === undefined ? {} : { status: status as CommandStatus }),
      };
      return operations.list(wantedPage, mayShow);
    },
  );
}

function serveSend(app: FastifyInstance, operations: CommandOperations): void {
  app.post<Addressed & { Body: Buffer | undefined }>(
    '/api/v1/devices/:id/commands/:command',
    {
      config: { needs: 'operator', audit: 'command.send', auditsItself: true, sendsCommand: true },
      // The schema of the body is told, not applied: the device type judges the params.
      validatorCompiler: () => () => true,
      schema: {
        tags: ['commands'],
        summary:
          'Send a command, by its name. 202: it is in the journal; 200: it has ended, or is known already',
        params: path,
        querystring: waitQuery,
        headers: idempotencyHeader,
        body: commandBody,
        response: { 200: commandAnswer, 202: commandAnswer, '4xx': faultAnswer },
      },
    },
    async (request, reply) => {
      const { params, query, body, headers } = request;
      const idempotencyKey = headers['idempotency-key'];
      const command = await operations.send(
        {
          device: params.id,
          name: params.command,
          payload: body ?? new Uint8Array(),
          ...(typeof idempotencyKey === 'string' ? { idempotencyKey } : {}),
        },
        requesterOf(request),
        waitMs(query.wait),
      );
      return reply.code(command.final || command.repeated ? 200 : 202).send(command);
    },
  );
}

/** `10s`, `500ms` → ms. */
function waitMs(given: string | undefined): number {
  if (given === undefined) return 0;
  const [, count, unit] = /^(\d{1,6})(ms|s)$/.exec(given) ?? [];
  const ms = count === undefined ? Number.NaN : Number(count) * (unit === 's' ? 1_000 : 1);
  if (!(ms <= maxWaitMs))
    throw badQuery('wait', `a time such as 10s or 500ms, at most ${maxWaitMs / 1000}s`, given);
  return ms;
}
