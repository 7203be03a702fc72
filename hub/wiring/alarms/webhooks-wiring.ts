import { randomBytes } from 'node:crypto';
import { webhookSender } from '../../adapters/webhook-sender.ts';
import { Webhooks } from '../../alarms/webhooks.ts';
import type { Registry } from '../../registry/registry.ts';
import type { HubContext } from '../context.ts';
import type { HubState } from '../state-wiring.ts';

/** Other programs that are notified of alarms, and what an earlier hub owed them. */
export async function startWebhooks(
  { config, clock, log, random, releasers }: HubContext,
  { state, registry }: { state: HubState; registry: Registry },
): Promise<Webhooks> {
  const webhooks = new Webhooks({
    clock,
    log,
    random,
    store: state.stores.webhooks,
    send: webhookSender(config.webhookAllow),
    recordOf: (device) => registry.get(device),
    hubId: state.hubIdentity.hubId,
    newId: () => randomBytes(12).toString('hex'),
  });
  await webhooks.load();
  releasers.push('webhooks', () => webhooks.close());
  return webhooks;
}
