/** Health, metrics and the API's own description: what programs ask that watch the hub. */

import type { FastifyInstance } from 'fastify';
import { healthApi, type Readiness } from '../../../../schemas/api/health.ts';
import { asyncApiDocument } from '../../../../schemas/api/document/asyncapi.ts';
import { openApiDocument } from '../../../../schemas/api/document/openapi.ts';
import type { PartsHealth } from '../../../admin/readiness.ts';
import { messageOf } from '../../../kernel/errors.ts';
import type { Log } from '../../../kernel/log.ts';
import { serve } from './serve-operation.ts';

export interface HealthDeps {
  readiness: () => Promise<PartsHealth>;
  metrics: () => Promise<{ contentType: string; body: string }>;
  log: Log;
}

export function serveHealth(app: FastifyInstance, { readiness, metrics, log }: HealthDeps): void {
  serve(app, healthApi.showLiveness, () => ({ live: true as const }));

  serve(app, healthApi.showReadiness, async (_request, reply) => {
    const { ready, parts } = await readiness().catch((error: unknown): PartsHealth => {
      log.error({ err: error }, 'the readiness check failed');
      return { ready: false, parts: { readiness: { ok: false, reason: messageOf(error) } } };
    });
    const degraded = Object.keys(parts).filter((name) => parts[name]?.ok === false);
    const state: Readiness['state'] = ready ? (degraded.length === 0 ? 'ready' : 'degraded') : 'not-ready';
    if (!ready) reply.code(503);
    return { ready, state, degraded, parts };
  });

  serve(app, healthApi.showMetrics, async (_request, reply) => {
    const { contentType, body } = await metrics();
    reply.header('content-type', contentType);
    return body;
  });
}

/** The descriptions of the interfaces. */
export function serveApiDocument(app: FastifyInstance): void {
  const document = openApiDocument();
  const messages = asyncApiDocument();
  serve(app, healthApi.showApi, () => document);
  serve(app, healthApi.showMessages, () => messages);
}
