import type { NoticeReport } from '../../schemas/api/notices.ts';
import type { Cancel, Clock } from '../../schemas/time/clock.ts';
import type { Registry } from '../registry/registry.ts';

/** A notice that goes out now. */
export interface NoticeOrder {
  readonly id: string;
  readonly to: string;
  readonly topic: string;
  readonly data?: unknown;
  /** Each device gets it at its own moment within this, ms. */
  readonly jitterMs: number;
}

/** What became of it at devices with an open session at one hub. */
export type Delivered = Pick<NoticeReport, 'sent' | 'dropped' | 'tooLarge'>;

export interface Spread {
  readonly delivered: Readonly<Delivered>;
  /** Every moment has passed. */
  readonly isOver: boolean;
}

/** A device's session, as far as a notice goes. */
export interface NoticeSession {
  readonly isOpen: boolean;
  /** @returns whether the device can receive a frame as long as this one, which is written as JSON */
  readonly outbox: { takes(text: string): boolean };
  /** @returns whether it was sent */
  notice(text: string): boolean;
}

export interface NoticeSpreadsDeps {
  clock: Clock;
  registry: Pick<Registry, 'select'>;
  sessions: {
    get(deviceId: string): NoticeSession | undefined;
  };
  /** A device's own share of the jitter, in [0, 1), the same at every hub: one that moves to another hub has its moment once. */
  share: (noticeId: string, deviceId: string) => number;
}

/** Notices that are remembered, so that one that is asked for again is not sent again. */
const kept = 200;

/** Hands notices to the devices of this hub, each notice once. */
export class NoticeSpreads {
  readonly #deps: NoticeSpreadsDeps;
  readonly #known = new Map<string, { spread: Spread; over: Promise<void> }>();
  /** Functions that end the waits of notices being spread. */
  readonly #waits = new Set<() => void>();
  #closed = false;
  readonly counters: Delivered = { sent: 0, dropped: 0, tooLarge: 0 };

  constructor(deps: NoticeSpreadsDeps) {
    this.#deps = deps;
  }

  /**
   * Begins it, unless it has begun; resolves at once with how far it is, or when it is over if no device has to wait.
   * @throws HubError `input-invalid` (selector)
   */
  async begin(order: NoticeOrder): Promise<Spread> {
    const { spread, over } = this.#spreadOf(order);
    if (order.jitterMs <= 0) await over;
    return spread;
  }

  /**
   * Resolves when every moment has passed. If the hub stops before, the rest counts as dropped.
   * @throws HubError `input-invalid` (selector)
   */
  async finish(order: NoticeOrder): Promise<Delivered> {
    const { spread, over } = this.#spreadOf(order);
    await over;
    return spread.delivered;
  }

  close(): void {
    this.#closed = true;
    for (const end of this.#waits) end();
  }

  #spreadOf(order: NoticeOrder): { spread: Spread; over: Promise<void> } {
    const known = this.#known.get(order.id);
    if (known !== undefined) return known;
    const spread = { delivered: { sent: 0, dropped: 0, tooLarge: 0 }, isOver: false };
    const over = this.#run(order, spread.delivered).finally(() => {
      spread.isOver = true;
    });
    // Whoever waits for it hears of a fault as well.
    over.catch(() => this.#known.delete(order.id));
    const begun = { spread, over };
    this.#known.set(order.id, begun);
    const [oldest] = this.#known.keys();
    if (this.#known.size > kept && oldest !== undefined) this.#known.delete(oldest);
    return begun;
  }

  async #run({ id: notice, to, topic, data, jitterMs }: NoticeOrder, delivered: Delivered): Promise<void> {
    const { clock, registry, share } = this.#deps;
    const text = JSON.stringify({ type: 'notice', topic, data });
    const startedMs = clock.monotonic();
    const ids = await registry.select(to);
    if (jitterMs <= 0) {
      for (const id of ids) this.#deliver(id, text, delivered);
      return;
    }
    const turns = ids
      .map((id) => ({ id, atMs: startedMs + share(notice, id) * jitterMs }))
      .toSorted((a, b) => a.atMs - b.atMs);
    for (const [index, { id, atMs }] of turns.entries()) {
      if (await this.#until(atMs)) {
        this.#deliver(id, text, delivered);
        continue;
      }
      const left = turns.slice(index).filter((turn) => this.#deps.sessions.get(turn.id)?.isOpen === true);
      this.#count(delivered, 'dropped', left.length);
      return;
    }
  }

  #deliver(id: string, text: string, delivered: Delivered): void {
    const session = this.#deps.sessions.get(id);
    if (session?.isOpen !== true) return;
    if (!session.outbox.takes(text)) this.#count(delivered, 'tooLarge');
    else this.#count(delivered, session.notice(text) ? 'sent' : 'dropped');
  }

  #count(delivered: Delivered, fate: keyof Delivered, more = 1): void {
    delivered[fate] += more;
    this.counters[fate] += more;
  }

  /** False when the hub stops before that moment (monotonic ms). */
  #until(atMs: number): Promise<boolean> {
    const waitMs = atMs - this.#deps.clock.monotonic();
    if (this.#closed || waitMs <= 0) return Promise.resolve(!this.#closed);
    return new Promise((resolve) => {
      const end = (): void => {
        cancel();
        this.#waits.delete(end);
        resolve(!this.#closed);
      };
      const cancel: Cancel = this.#deps.clock.after(waitMs, end);
      this.#waits.add(end);
    });
  }
}
