/** The operators' API of the ledger, the spool and the dead letters, as JSON over HTTP. */

import type { FastifyInstance } from 'fastify';
import type { DeadLetterSelection } from '../telemetry/spool-store.ts';
import type { TelemetryOperations } from '../telemetry/telemetry-operations.ts';
import { wholeNumber } from './http-query.ts';

const maxLetters = 10_000;

const selectionSchema = {
  type: 'object',
  minProperties: 1,
  maxProperties: 1,
  additionalProperties: false,
  properties: {
    ids: {
      type: 'array',
      minItems: 1,
      maxItems: maxLetters,
      items: { type: 'integer', minimum: 1, maximum: Number.MAX_SAFE_INTEGER },
    },
    device: { type: 'string', minLength: 1, maxLength: 64 },
    all: { const: true },
  },
};

/** Adds `/api/v1/ledger`, `/api/v1/spool…` and `/api/v1/dead-letters…` to `app`. */
export function serveTelemetry(app: FastifyInstance, operations: TelemetryOperations): void {
  app.get<{ Querystring: { device?: string } }>('/api/v1/ledger', ({ query, mayShow }) =>
    operations.ledger(query.device, mayShow),
  );

  app.get('/api/v1/spool', () => operations.spoolStatus());

  app.get<{ Querystring: { after?: string } }>(
    '/api/v1/spool/lines',
    { config: { reach: 'all' } },
    async ({ query }) => ({
      page: await operations.spoolPage(wholeNumber(query.after ?? '0', 'after', Number.MAX_SAFE_INTEGER)),
    }),
  );

  app.get<{ Querystring: { device?: string; after?: string; limit?: string } }>(
    '/api/v1/dead-letters',
    async ({ query: { device, after, limit }, mayShow }) => ({
      deadLetters: await operations.deadLetters(
        {
          ...(device === undefined ? {} : { device }),
          afterId: wholeNumber(after ?? '0', 'after', Number.MAX_SAFE_INTEGER),
          limit: wholeNumber(limit ?? '100', 'limit', maxLetters),
        },
        mayShow,
      ),
    }),
  );

  app.get<{ Params: { id: string } }>('/api/v1/dead-letters/:id', ({ params, mayShow }) =>
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
