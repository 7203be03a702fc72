import type { NewWebhook, WebhookView } from '../../schemas/api/webhooks/webhooks.ts';

/** A webhook as it is kept. */
export type Webhook = NewWebhook & Pick<WebhookView, 'actor' | 'createdMs'>;

/** One request that a webhook is owed. */
export interface WebhookDelivery {
  /** It may come twice, under the same id. */
  readonly id: string;
  readonly webhook: string;
  readonly createdMs: number;
  /** JSON. */
  readonly body: string;
  /** Other hubs know of it: it is sent only while this one may act. */
  readonly isShared?: boolean;
}

/** One that was given up. It has left the outbox, and nothing sends it until it is revived. */
export interface StoredDeadDelivery extends WebhookDelivery {
  readonly deadMs: number;
  readonly error: string;
}

/** Deliveries come to disk together with the alarm that they report, see `AlarmStore`. All may reject with `database-failed`. */
export interface WebhookStore {
  webhooks(): Promise<Webhook[]>;
  /** Oldest first. */
  deliveries(): Promise<WebhookDelivery[]>;
  /** The newest dead ones first. */
  dead(webhook: string, limit: number): Promise<StoredDeadDelivery[]>;
  /** How many dead ones each webhook has; one without any is not in it. */
  deadCounts(): Promise<ReadonlyMap<string, number>>;
  /** @returns false: the name is taken */
  add(webhook: Webhook): Promise<boolean>;
  /** With all that it has not taken. */
  remove(name: string): Promise<void>;
  /** They are taken. */
  settle(ids: readonly string[]): Promise<void>;
  /** It is given up. Of this webhook the newest `keep` dead ones stay. @returns how many are pushed out by it */
  bury(
    delivery: Pick<StoredDeadDelivery, 'id' | 'webhook' | 'deadMs' | 'error'>,
    keep: number,
  ): Promise<number>;
  /** The oldest of these dead ones, or of all, are owed again, as if created at `nowMs`. @returns them, oldest first */
  revive(given: {
    webhook: string;
    ids: readonly string[] | undefined;
    limit: number;
    nowMs: number;
  }): Promise<WebhookDelivery[]>;
  /** These dead ones, or all, are deleted. @returns how many those are */
  purge(webhook: string, ids: readonly string[] | undefined): Promise<number>;
}

/** Where several hubs owe webhooks something, and one sends. It may reject with HubError `database-failed`. */
export interface DeliveryClaimStore {
  /**
   * From now on this hub sends them.
   * @param whole also those that it or another hub has claimed before
   * @returns them, oldest first
   */
  claim(whole: boolean): Promise<WebhookDelivery[]>;
}

/** Posts one body. @returns undefined when the other has taken it, otherwise why not */
export type SendWebhook = (request: {
  url: string;
  body: string;
  headers: Readonly<Record<string, string>>;
}) => Promise<string | undefined>;
