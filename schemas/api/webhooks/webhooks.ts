/** Webhooks: the hub notifies other programs of alarms by signed requests. */

import { Type, type Static } from 'typebox';
import { alarmSeverities } from '../alarms.ts';
import { resource } from '../operation.ts';
import { choice, closed, count, limitOf, list, named, nameOf, nothing, timeMs } from '../values.ts';
import {
  DeadDeliveriesChanged,
  DeadDelivery,
  DeadDeliverySelection,
  maxDeadDeliveries,
} from './dead-deliveries.ts';

const name = () => nameOf('of the webhook');
const given = {
  name: name(),
  url: Type.String({
    maxLength: 2_048,
    pattern: '^https?://[^\\s@]+$',
    description: 'where alarms are posted; without a password in it',
  }),
  severity: Type.Optional(choice(alarmSeverities, 'only alarms of this one; absent: both')),
  to: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 2_048,
      description:
        'only alarms of devices that this selector matches; absent: all, and those of the hub itself',
    }),
  ),
};
const example = { name: 'pager', url: 'https://pager.example/hub', severity: 'critical' as const };

export const NewWebhook = named(
  'NewWebhook',
  closed({
    ...given,
    secret: Type.String({
      minLength: 16,
      maxLength: 256,
      description: 'the key of the HMAC in X-Hub-Signature-256',
    }),
  }),
  { ...example, secret: 'a long text that both know' },
);
export type NewWebhook = Static<typeof NewWebhook>;

export const WebhookView = named(
  'WebhookView',
  Type.Object({
    ...given,
    actor: Type.String({ description: 'who added it, as in the audit' }),
    createdMs: timeMs('when it was added'),
    waiting: count('deliveries that it has not taken yet'),
    dead: count('deliveries that it did not take for a day, kept to be retried or purged'),
    lastError: Type.Optional(
      Type.String({ description: 'why the newest attempt failed; absent: it did not' }),
    ),
  }),
  { ...example, actor: 'operator:anna', createdMs: 1_700_000_000_000, waiting: 0, dead: 0 },
);
export type WebhookView = Static<typeof WebhookView>;

const WebhookTest = named(
  'WebhookTest',
  Type.Object({
    delivered: Type.Boolean(),
    error: Type.Optional(Type.String({ description: 'why not' })),
  }),
  { delivered: false, error: 'it answered 500' },
);
export type WebhookTest = Static<typeof WebhookTest>;

const ofWebhook = Type.Object({ name: name() });

export const webhookApi = resource('alarms', {
  listWebhooks: {
    method: 'GET',
    path: '/api/v1/webhooks',
    summary: 'Webhooks, by name',
    needs: 'admin',
    answers: { 200: Type.Object({ webhooks: list(WebhookView) }) },
    refusals: ['database-failed'],
  },
  addWebhook: {
    method: 'POST',
    path: '/api/v1/webhooks',
    summary: 'Notify another program of alarms',
    description:
      'Each change of an alarm is posted as JSON, in order, until the receiver answers 2xx. After a day without that the delivery is dead, and is kept to be retried. A delivery may come twice; its id is in the body and in X-Hub-Delivery. X-Hub-Signature-256 is sha256= and the HMAC of the body with the secret, in hexadecimal.',
    body: NewWebhook,
    answers: { 201: WebhookView },
    refusals: ['webhook-exists', 'database-failed'],
  },
  removeWebhook: {
    method: 'DELETE',
    path: '/api/v1/webhooks/{name}',
    summary: 'Remove a webhook and its deliveries',
    params: ofWebhook,
    answers: { 204: nothing },
    refusals: ['webhook-unknown', 'database-failed'],
  },
  testWebhook: {
    method: 'POST',
    path: '/api/v1/webhooks/{name}/test',
    summary: 'Post a test, once',
    params: ofWebhook,
    answers: { 200: WebhookTest },
    refusals: ['webhook-unknown'],
  },
  listDeadDeliveries: {
    method: 'GET',
    path: '/api/v1/webhooks/{name}/dead',
    summary: 'Deliveries that a webhook did not accept for a day, newest first',
    needs: 'admin',
    params: ofWebhook,
    query: closed({ limit: limitOf(maxDeadDeliveries) }),
    answers: { 200: Type.Object({ deliveries: list(DeadDelivery) }) },
    refusals: ['webhook-unknown', 'database-failed'],
  },
  retryDeadDeliveries: {
    method: 'POST',
    path: '/api/v1/webhooks/{name}/dead/retry',
    summary: 'Post dead deliveries again for another day, before those that wait',
    params: ofWebhook,
    body: DeadDeliverySelection,
    answers: { 200: DeadDeliveriesChanged },
    meanings: { 200: 'Fewer than asked for: the others are no longer dead, or too many wait.' },
    refusals: ['webhook-unknown', 'database-failed'],
  },
  purgeDeadDeliveries: {
    method: 'POST',
    path: '/api/v1/webhooks/{name}/dead/purge',
    summary: 'Delete dead deliveries permanently',
    params: ofWebhook,
    body: DeadDeliverySelection,
    answers: { 200: DeadDeliveriesChanged },
    refusals: ['webhook-unknown', 'database-failed'],
  },
});
