/** Webhooks, over HTTP. */

import type { FastifyInstance } from 'fastify';
import { webhookApi } from '../../../../schemas/api/webhooks/webhooks.ts';
import type { Webhooks } from '../../../alarms/webhooks.ts';
import { requesterOf } from './command-routes.ts';
import { serve } from './serve-operation.ts';

export type WebhookOperations = Pick<
  Webhooks,
  'list' | 'add' | 'remove' | 'test' | 'dead' | 'retryDead' | 'purgeDead'
>;

export function serveWebhooks(app: FastifyInstance, webhooks: WebhookOperations): void {
  serve(app, webhookApi.listWebhooks, async () => ({ webhooks: await webhooks.list() }), { reach: 'all' });
  serve(app, webhookApi.addWebhook, (request) => webhooks.add(request.body, requesterOf(request).actor), {
    audit: 'webhook.add',
  });
  serve(app, webhookApi.removeWebhook, ({ params }) => webhooks.remove(params.name), {
    audit: 'webhook.remove',
  });
  serve(app, webhookApi.testWebhook, ({ params }) => webhooks.test(params.name), { audit: 'webhook.test' });
  serve(
    app,
    webhookApi.listDeadDeliveries,
    async ({ params, query }) => ({ deliveries: await webhooks.dead(params.name, query.limit) }),
    { reach: 'all' },
  );
  serve(
    app,
    webhookApi.retryDeadDeliveries,
    async ({ params, body }) => ({ count: await webhooks.retryDead(params.name, body) }),
    { audit: 'webhook.retry' },
  );
  serve(
    app,
    webhookApi.purgeDeadDeliveries,
    async ({ params, body }) => ({ count: await webhooks.purgeDead(params.name, body) }),
    { audit: 'webhook.purge' },
  );
}
