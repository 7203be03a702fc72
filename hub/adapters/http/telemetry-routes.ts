/** The operators' API of the ledger, the spool and the dead letters, as JSON over HTTP. */

import type { FastifyInstance } from 'fastify';
import { maxDeadLetters, type DeadLetterSelection } from '../../../schemas/api/spool.ts';
import type { TelemetryOperations } from '../../telemetry/telemetry-operations.ts';
import { answered, loose } from './error-answers.ts';
import { wholeNumber } from './query-values.ts';

const selectionSchema = {
  type: 'object',
  minProperties: 1,
  maxProperties: 1,
  additionalProperties: false,
  properties: {
    ids: {
      type: 'array',
      minItems: 1,
      maxItems: maxDeadLetters,
      items: { type: 'integer', minimum: 1, maximum: Number.MAX_SAFE_INTEGER },
    },
    device: { type: 'string', minLength: 1, maxLength: 64 },
    all: { const: true },
  },
};

const number = { type: 'number' };
const string = { type: 'string' };
const tags = ['store'];
/** Points by fate. */
const account = { type: 'object', properties: { id: string }, additionalProperties: number };
const counts = { type: 'object', additionalProperties: number };
const letter = { id: number, account: string, line: string, reason: string, refusedMs: number };

/** Adds `/api/v1/ledger`, `/api/v1/spool…` and `/api/v1/dead-letters…` to `app`. */
export function serveTelemetry(app: FastifyInstance, operations: TelemetryOperations): void {
  serveBooks(app, operations);
  serveDeadLetters(app, operations);
}

function serveBooks(app: FastifyInstance, operations: TelemetryOperations): void {
  app.get<{ Querystring: { device?: string } }>(
    '/api/v1/ledger',
    {
      schema: {
        tags,
        summary: 'What became of every point, in total and by device',
        querystring: loose({ device: string }),
        response: answered({
          total: account,
          accounts: { type: 'array', items: account },
          rejectedBy: counts,
          droppedBy: counts,
        }),
      },
    },
    ({ query, mayShow }) => operations.ledger(query.device, mayShow),
  );

  app.get(
    '/api/v1/spool',
    {
      schema: {
        tags,
        summary: 'What waits on disk for the store',
        response: answered({
          store: { type: 'string', enum: ['up', 'down', 'offline'] },
          storeFault: string,
          spoolFault: string,
          lines: number,
          size: { type: 'number', description: 'characters' },
          maxSize: number,
          deadLetters: number,
          maxDeadLetters: number,
          oldestMs: { type: ['number', 'null'] },
        }),
      },
    },
    () => operations.spoolStatus(),
  );

  app.get<{ Querystring: { after?: string } }>(
    '/api/v1/spool/lines',
    { config: { reach: 'all' } },
    async ({ query }) => ({
      page: await operations.spoolPage(wholeNumber(query.after ?? '0', 'after', Number.MAX_SAFE_INTEGER)),
    }),
  );
}

function serveDeadLetters(app: FastifyInstance, operations: TelemetryOperations): void {
  app.get<{ Querystring: { device?: string; after?: string; limit?: string } }>(
    '/api/v1/dead-letters',
    {
      schema: {
        tags,
        summary: 'Lines the store refused for good, by id',
        querystring: loose({
          device: string,
          after: { ...string, description: 'the last id of the page before' },
          limit: { ...string, description: '100 when not given' },
        }),
        response: answered({ deadLetters: { type: 'array', items: loose(letter) } }),
      },
    },
    async ({ query: { device, after, limit }, mayShow }) => ({
      deadLetters: await operations.deadLetters(
        {
          ...(device === undefined ? {} : { device }),
          afterId: wholeNumber(after ?? '0', 'after', Number.MAX_SAFE_INTEGER),
          limit: wholeNumber(limit ?? '100', 'limit', maxDeadLetters),
        },
        mayShow,
      ),
    }),
  );

  app.get<{ Params: { id: string } }>(
    '/api/v1/dead-letters/:id',
    { schema: { tags, summary: 'One of them', params: loose({ id: string }), response: answered(letter) } },
    ({ params, mayShow }) =>
      operations.deadLetter(wholeNumber(params.id, 'id', Number.MAX_SAFE_INTEGER), mayShow),
  );

  const selected = { schema: { body: selectionSchema } };
  app.post<{ Body: DeadLetterSelection }>('/api/v1/dead-letters/retry', selected, async ({ body }) => ({
    count: await operations.retryDeadLetters(body),
  }));
  app.post<{ Body: DeadLetterSelection }>('/api/v1/dead-letters/purge', selected, async ({ body }) => ({
    count: await operations.purgeDeadLetters(body),
  }));
}
