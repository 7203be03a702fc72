import { randomBytes } from 'node:crypto';
import { webhookSender } from '../../adapters/webhook-sender.ts';
import type { AlarmsDeps } from '../../alarms/alarms.ts';
import { SharedDeliveries } from '../../alarms/shared-deliveries.ts';
import { Webhooks } from '../../alarms/webhooks.ts';
import type { Registry } from '../../registry/registry.ts';
import type { HubContext } from '../context.ts';
import type { HubState } from '../state-wiring.ts';

interface WebhookParts {
  webhooks: Webhooks;
  /** To those who change alarms. */
  outbox: AlarmsDeps['webhooks'];
  /** Another hub may owe them something. */
  readDeliveries: () => Promise<void>;
}

/** Other programs that are notified of alarms, and what an earlier hub owed them. */
export async function startWebhooks(
  hub: HubContext,
  { state, registry }: { state: HubState; registry: Registry },
): Promise<WebhookParts> {
  const { config, releasers } = hub;
  const { stores, shared, leader, hubIdentity } = state;
  const webhooks = new Webhooks({
    ...hub,
    store: stores.webhooks,
    send: webhookSender(config.webhookAllow),
    recordOf: (device) => registry.get(device),
    hubId: hubIdentity.hubId,
    newId: () => randomBytes(12).toString('hex'),
    mayAct: shared && (() => shared.tenure.holds()),
  });
  await webhooks.load();
  releasers.push('webhooks', () => webhooks.close());
  if (shared === undefined) return { webhooks, outbox: webhooks, readDeliveries: () => Promise.resolve() };
  const leads = (): boolean => leader.leads;
  const shares = new SharedDeliveries({ ...hub, store: shared.stores.deliveries, leads, webhooks });
  const readDeliveries = (): Promise<void> => shares.claim();
  const outbox: AlarmsDeps['webhooks'] = {
    deliveriesOf: (alarm) => webhooks.deliveriesOf(alarm),
    owe: (deliveries, where) => (where === 'on-disk' ? void readDeliveries() : webhooks.owe(deliveries)),
  };
  return { webhooks, outbox, readDeliveries };
}
