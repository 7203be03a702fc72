/** Webhooks, over HTTP. */

import type { FastifyInstance } from 'fastify';
import { webhookApi } from '../../../../schemas/api/webhooks/webhooks.ts';
import type { Webhooks } from '../../../alarms/webhooks.ts';
import { requesterOf } from './command-routes.ts';
import { serve } from './serve-operation.ts';

export type WebhookOperations = Pick<Webhooks, 'list' | 'add' | 'remove' | 'test'>;

export function serveWebhooks(app: FastifyInstance, webhooks: WebhookOperations): void {
  serve(app, webhookApi.listWebhooks, () => ({ webhooks: webhooks.list() }), { reach: 'all' });
  serve(app, webhookApi.addWebhook, (request) => webhooks.add(request.body, requesterOf(request).actor), {
    audit: 'webhook.add',
  });
  serve(app, webhookApi.removeWebhook, ({ params }) => webhooks.remove(params.name), {
    audit: 'webhook.remove',
  });
  serve(app, webhookApi.testWebhook, ({ params }) => webhooks.test(params.name), { audit: 'webhook.test' });
}
