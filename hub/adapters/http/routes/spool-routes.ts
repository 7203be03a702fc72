/** The spool and the dead letters, over HTTP. */

import type { FastifyInstance } from 'fastify';
import { spoolApi } from '../../../../schemas/api/telemetry/spool.ts';
import type { TelemetryOperations } from '../../../admin/telemetry-operations.ts';
import { serve } from './serve-operation.ts';

export function serveSpool(app: FastifyInstance, operations: Omit<TelemetryOperations, 'ledger'>): void {
  serve(app, spoolApi.showSpool, () => operations.spoolStatus());
  serve(
    app,
    spoolApi.listSpooledLines,
    async ({ query }) => ({ page: await operations.spoolPage(query.after) }),
    { reach: 'all' },
  );
  serve(app, spoolApi.listDeadLetters, async ({ query: { after, ...query }, mayShow }) => ({
    deadLetters: await operations.deadLetters({ ...query, afterId: after }, mayShow),
  }));
  serve(app, spoolApi.showDeadLetter, ({ params, mayShow }) => operations.deadLetter(params.id, mayShow));
  serve(app, spoolApi.retryDeadLetters, async ({ body }) => ({
    count: await operations.retryDeadLetters(body),
  }));
  serve(app, spoolApi.purgeDeadLetters, async ({ body }) => ({
    count: await operations.purgeDeadLetters(body),
  }));
}
