import type { NewWebhook, WebhookView } from '../../schemas/api/webhooks/webhooks.ts';

/** A webhook as it is kept. */
export type Webhook = NewWebhook & Pick<WebhookView, 'actor' | 'createdMs'>;

/** One request that a webhook is owed. */
export interface Delivery {
  /** It may come twice, under the same id. */
  readonly id: string;
  readonly webhook: string;
  readonly createdMs: number;
  /** JSON. */
  readonly body: string;
}

/** Deliveries come to disk together with the alarm that they tell of, see `AlarmStore`. All may reject with `database-failed`. */
export interface WebhookStore {
  webhooks(): Promise<Webhook[]>;
  /** Oldest first. */
  deliveries(): Promise<Delivery[]>;
  add(webhook: Webhook): Promise<void>;
  /** With what waits for it. */
  remove(name: string): Promise<void>;
  /** They are taken, or dead. */
  settle(ids: readonly string[]): Promise<void>;
}

/** Posts one body. @returns undefined when the other has taken it, otherwise why not */
export type SendWebhook = (request: {
  url: string;
  body: string;
  headers: Readonly<Record<string, string>>;
}) => Promise<string | undefined>;
