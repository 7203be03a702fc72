import { createHmac } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { AlarmView } from '../../schemas/api/alarms.ts';
import type { DeadDelivery, DeadDeliverySelection } from '../../schemas/api/webhooks/dead-deliveries.ts';
import { maxDeadDeliveries } from '../../schemas/api/webhooks/dead-deliveries.ts';
import type { NewWebhook, WebhookTest, WebhookView } from '../../schemas/api/webhooks/webhooks.ts';
import type { Cancel, Clock } from '../../schemas/time/clock.ts';
import { HubError, invalidInput, messageOf } from '../kernel/errors.ts';
import type { Log } from '../kernel/log.ts';
import { demandRoom } from '../kernel/share.ts';
import { parseSelector, selects, type Selectable, type Selector } from '../registry/selector.ts';
import type {
  WebhookDelivery,
  SendWebhook,
  StoredDeadDelivery,
  Webhook,
  WebhookStore,
} from './webhook-store.ts';

interface Deps {
  clock: Clock;
  log: Log;
  store: WebhookStore;
  send: SendWebhook;
  recordOf: (device: string) => Selectable | undefined;
  hubId: string;
  /** 24 random hexadecimal digits: a command line takes none for an option. */
  newId: () => string;
  /** Uniform in [0, 1). */
  random: () => number;
  /** Given when other hubs owe webhooks something, too: whether this one may act for all. */
  mayAct?: (() => boolean) | undefined;
}

/** One webhook, and what it is owed, oldest first. One request is under way at a time, so that they come in order. */
interface Line {
  readonly webhook: Webhook;
  readonly selector: Selector | undefined;
  readonly waiting: WebhookDelivery[];
  attempts: number;
  retry: Cancel | undefined;
  isSending: boolean;
  lastError: string | undefined;
}

const maxWebhooks = 100;
/** Deliveries of all together; one webhook has as many as are free. */
const maxWaiting = 20_000;
const firstRetryMs = 5_000;
const longestRetryMs = 900_000;
/** What is under way when the hub stops has so long to be taken, ms: otherwise the next hub sends it again. */
const closeMs = 2_000;
/** After that it is dead, and kept until somebody retries or purges it, or as many newer ones are dead. */
const giveUpAfterMs = 86_400_000;

/** Notifies other programs of alarms: from a durable outbox, at least once, in order, signed. */
export class Webhooks {
  readonly #deps: Deps;
  readonly #lines = new Map<string, Line>();
  #closed = false;
  readonly #underWay = new Set<Promise<void>>();
  /** Dead deliveries that are being taken back, and have their place among those that wait already. */
  #reviving = 0;
  readonly counters = {
    delivered: 0,
    retried: 0,
    dead: 0,
    dropped: 0,
    revived: 0,
    purged: 0,
    'pushed-out': 0,
  };

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  /** Takes up what an earlier hub owed; of several, one will claim it. @throws HubError `database-failed` */
  async load(): Promise<void> {
    const { store, mayAct } = this.#deps;
    for (const webhook of await store.webhooks()) this.#keep(webhook);
    if (mayAct === undefined) this.owe(await store.deliveries());
  }

  /** Another hub has added or removed some. @throws HubError `database-failed` */
  async refresh(): Promise<void> {
    const webhooks = new Map((await this.#deps.store.webhooks()).map((webhook) => [webhook.name, webhook]));
    for (const [name, line] of this.#lines)
      if (!isDeepStrictEqual(line.webhook, webhooks.get(name))) this.#drop(line);
    for (const [name, webhook] of webhooks) if (!this.#lines.has(name)) this.#keep(webhook);
  }

  /** What has not been taken is owed again by the next hub. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const { retry } of this.#lines.values()) retry?.();
    const { promise: tooLong, resolve } = Promise.withResolvers<void>();
    const cancel = this.#deps.clock.after(closeMs, () => resolve());
    await Promise.race([Promise.all(this.#underWay), tooLong]);
    cancel();
  }

  get waiting(): number {
    return [...this.#lines.values()].reduce((sum, { waiting }) => sum + waiting.length, 0);
  }

  /** What is to be written to disk together with this change; to be given to `owe` then. */
  deliveriesOf(alarm: AlarmView): WebhookDelivery[] {
    const { clock, newId, hubId } = this.#deps;
    if (alarm.silenced) return [];
    const owed: WebhookDelivery[] = [];
    for (const [name, line] of this.#lines) {
      if (!this.#wants(line, alarm)) continue;
      if (!this.#hasRoom(name)) {
        this.counters.dropped += 1;
        continue;
      }
      const id = newId();
      const createdMs = clock.now();
      const { silenced: _, n: __, ...published } = alarm;
      owed.push({
        id,
        webhook: name,
        createdMs,
        body: bodyOf({ id, hub: hubId, timeMs: createdMs, alarm: published }),
      });
    }
    return owed;
  }

  /** These are on disk, or will be as soon as it takes them. */
  owe(deliveries: readonly WebhookDelivery[]): void {
    for (const delivery of deliveries) {
      const line = this.#lines.get(delivery.webhook);
      line?.waiting.push(delivery);
      if (line !== undefined) this.#next(line);
    }
  }

  /** Owes what this hub has claimed, and goes on with what it could not send for a while. @throws HubError `database-failed` */
  async takeOver(deliveries: readonly WebhookDelivery[]): Promise<void> {
    const waiting = new Set([...this.#lines.values()].flatMap((line) => line.waiting.map(({ id }) => id)));
    const dropped: string[] = [];
    for (const delivery of deliveries) {
      if (waiting.has(delivery.id)) continue;
      if (this.#hasRoom(delivery.webhook)) this.owe([delivery]);
      else dropped.push(delivery.id);
    }
    for (const line of this.#lines.values()) this.#next(line);
    if (dropped.length === 0) return;
    this.counters.dropped += dropped.length;
    await this.#deps.store.settle(dropped);
  }

  /** @throws HubError `database-failed` */
  async list(): Promise<WebhookView[]> {
    const dead = await this.#deps.store.deadCounts();
    return [...this.#lines.values()]
      .map((line) => viewOf(line, dead.get(line.webhook.name) ?? 0))
      .toSorted((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** @throws HubError `input-invalid` · `webhook-exists` · `database-failed` */
  async add(given: NewWebhook, actor: string): Promise<WebhookView> {
    const { clock, store } = this.#deps;
    if (this.#lines.has(given.name)) throw new HubError('webhook-exists', given.name);
    const actors = [...this.#lines.values()].map(({ webhook }) => webhook.actor);
    demandRoom(actor, actors, { things: 'webhooks', room: maxWebhooks });
    if (!URL.canParse(given.url)) {
      throw invalidInput({
        path: '/url',
        keyword: 'format',
        expected: 'a URL of http or https',
        got: given.url,
      });
    }
    if (given.to !== undefined) parseSelector(given.to);
    const webhook = { ...given, actor, createdMs: clock.now() };
    if (!(await store.add(webhook))) throw new HubError('webhook-exists', given.name);
    return viewOf(this.#keep(webhook), 0);
  }

  /** @throws HubError `webhook-unknown` · `database-failed` */
  async remove(name: string): Promise<void> {
    const line = this.#require(name);
    await this.#deps.store.remove(name);
    this.#drop(line);
  }

  /** Posts once, beside what waits. @throws HubError `webhook-unknown` */
  async test(name: string): Promise<WebhookTest> {
    const { clock, hubId, newId } = this.#deps;
    const { webhook } = this.#require(name);
    const id = newId();
    const body = bodyOf({ id, hub: hubId, timeMs: clock.now(), test: true });
    const error = await this.#post(webhook, id, body);
    return error === undefined ? { delivered: true } : { delivered: false, error };
  }

  /** The newest first. @throws HubError `webhook-unknown` · `database-failed` */
  async dead(name: string, limit: number): Promise<DeadDelivery[]> {
    this.#require(name);
    return (await this.#deps.store.dead(name, limit)).map(deadViewOf);
  }

  /**
   * Owes dead deliveries again, at once and for another day: as many as there is room for, the oldest first.
   * @throws HubError `webhook-unknown` · `database-failed`
   */
  async retryDead(name: string, selection: DeadDeliverySelection): Promise<number> {
    const { clock, store } = this.#deps;
    const line = this.#require(name);
    const own = line.waiting.length;
    const free = Math.floor((maxWaiting - this.waiting - this.#reviving - own) / 2);
    const limit = Math.min(maxDeadDeliveries, Math.max(0, free));
    this.#reviving += limit;
    let revived: WebhookDelivery[];
    try {
      revived = await store.revive({ webhook: name, ids: idsOf(selection), limit, nowMs: clock.now() });
    } finally {
      this.#reviving -= limit;
    }
    this.counters.revived += revived.length;
    if (revived.length === 0 || this.#lines.get(name) !== line) return revived.length;
    // They are older than all that wait, except for one that is under way.
    line.waiting.splice(line.isSending ? 1 : 0, 0, ...revived);
    line.retry?.();
    line.retry = undefined;
    line.attempts = 0;
    this.#next(line);
    return revived.length;
  }

  /** @throws HubError `webhook-unknown` · `database-failed` */
  async purgeDead(name: string, selection: DeadDeliverySelection): Promise<number> {
    this.#require(name);
    const purged = await this.#deps.store.purge(name, idsOf(selection));
    this.counters.purged += purged;
    return purged;
  }

  #drop({ webhook, retry }: Line): void {
    retry?.();
    this.#lines.delete(webhook.name);
  }

  #require(name: string): Line {
    const line = this.#lines.get(name);
    if (line === undefined) throw new HubError('webhook-unknown', name);
    return line;
  }

  #keep(webhook: Webhook): Line {
    const selector = webhook.to === undefined ? undefined : parseSelector(webhook.to);
    const line: Line = {
      webhook,
      selector,
      waiting: [],
      attempts: 0,
      retry: undefined,
      isSending: false,
      lastError: undefined,
    };
    this.#lines.set(webhook.name, line);
    return line;
  }

  #wants({ webhook, selector }: Line, { device, severity }: AlarmView): boolean {
    if (webhook.severity !== undefined && webhook.severity !== severity) return false;
    if (selector === undefined) return true;
    const record = device === null ? undefined : this.#deps.recordOf(device);
    return record !== undefined && selects(selector, record);
  }

  #hasRoom(name: string): boolean {
    const own = this.#lines.get(name)?.waiting.length ?? 0;
    return own < maxWaiting - this.waiting;
  }

  #next(line: Line): void {
    const { mayAct, log } = this.#deps;
    const [delivery] = line.waiting;
    if (delivery === undefined || line.isSending || line.retry !== undefined || this.#closed) return;
    if (delivery.isShared === true && mayAct?.() === false) return;
    line.isSending = true;
    const sending = this.#deliver(line, delivery)
      .catch((error: unknown) =>
        log.error({ webhook: line.webhook.name, reason: messageOf(error) }, 'a webhook was not served'),
      )
      .finally(() => {
        this.#underWay.delete(sending);
        this.#next(line);
      });
    this.#underWay.add(sending);
  }

  async #deliver(line: Line, delivery: WebhookDelivery): Promise<void> {
    const { clock, log } = this.#deps;
    const { name } = line.webhook;
    const error = await this.#post(line.webhook, delivery.id, delivery.body);
    line.isSending = false;
    line.lastError = error;
    // Removed in the meantime, or the hub ends: the next one sends it again.
    if (this.#lines.get(name) !== line || (this.#closed && error !== undefined)) return;
    if (error === undefined || clock.now() - delivery.createdMs >= giveUpAfterMs) {
      line.waiting.shift();
      line.attempts = 0;
      this.counters[error === undefined ? 'delivered' : 'dead'] += 1;
      await this.#settle(delivery, error);
      return;
    }
    if (line.attempts === 0) log.warn({ webhook: name, reason: error }, 'a webhook does not take alarms');
    this.counters.retried += 1;
    const spread = 0.5 + this.#deps.random() / 2;
    const afterMs = Math.min(longestRetryMs, firstRetryMs * 2 ** Math.min(line.attempts, 20)) * spread;
    line.attempts += 1;
    line.retry = clock.after(afterMs, () => {
      line.retry = undefined;
      this.#next(line);
    });
  }

  /** @param error why it is given up; undefined: it is taken */
  async #settle({ id, webhook }: WebhookDelivery, error: string | undefined): Promise<void> {
    const { clock, log, store } = this.#deps;
    try {
      if (error === undefined) {
        await store.settle([id]);
        return;
      }
      log.error({ webhook, id, reason: error }, 'a webhook did not take an alarm for a day: given up');
      const dead = { id, webhook, deadMs: clock.now(), error };
      this.counters['pushed-out'] += await store.bury(dead, maxDeadDeliveries);
    } catch (failure) {
      // It is sent once more after a restart, under the same id.
      log.warn({ id, reason: messageOf(failure) }, 'a delivery is not settled on disk');
    }
  }

  async #post({ url, secret }: Webhook, id: string, body: string): Promise<string | undefined> {
    const signature = createHmac('sha256', secret).update(body).digest('hex');
    const headers = {
      'content-type': 'application/json',
      'x-hub-delivery': id,
      'x-hub-signature-256': `sha256=${signature}`,
    };
    return this.#deps.send({ url, body, headers });
  }
}

function bodyOf(content: object): string {
  return JSON.stringify(content);
}

function viewOf({ webhook, waiting, lastError }: Line, dead: number): WebhookView {
  const { secret: _, ...shown } = webhook;
  return { ...shown, waiting: waiting.length, dead, ...(lastError === undefined ? {} : { lastError }) };
}

function idsOf(selection: DeadDeliverySelection): readonly string[] | undefined {
  return 'ids' in selection ? selection.ids : undefined;
}

function deadViewOf({ id, body, deadMs, error }: StoredDeadDelivery): DeadDelivery {
  // As `deliveriesOf` wrote it.
  const { timeMs, alarm } = JSON.parse(body) as { timeMs: number; alarm: AlarmView };
  const { device, source, severity, state } = alarm;
  return { id, deadMs, error, timeMs, device, source, severity, state };
}
