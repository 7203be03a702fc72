import type { NoticeReport } from '../../schemas/api/notices.ts';
import type { Cancel, Clock } from '../../schemas/time/clock.ts';
import type { DeviceFollower } from '../registry/device-follower.ts';
import type { DeviceMove } from '../registry/device-store.ts';
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

/** As one hub asks another. */
export interface AskedNotice extends NoticeOrder {
  /** When it went out by the monotonic clock of the asked hub, or a little earlier, ms. */
  readonly outMs: number;
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

const notBegun: Spread = { delivered: { sent: 0, dropped: 0, tooLarge: 0 }, isOver: false };
/** Notices that are over and remembered, so that one that is asked for again is not sent again. */
const kept = 1_000;
/** Notices of other hubs that wait for moments here; whoever asks for another one asks again. */
const mostUnderWay = 1_000;
/** A moment that has passed so long ago is missed, ms: whoever asked has given this hub up by then. */
const lateMs = 5_000;
/** An arrival matters to the notices of this time, ms. */
const arrivalMs = 600_000;

/**
 * Hands notices to the devices of this hub, each notice once. A device that came from another hub after a notice had gone out may have
 * it from there, so it does not get it here.
 */
export class NoticeSpreads implements DeviceFollower {
  readonly #deps: NoticeSpreadsDeps;
  readonly #known = new Map<string, { spread: Spread; over: Promise<void> }>();
  /** When devices came from another hub that still runs, monotonic ms, the latest last. */
  readonly #arrivals = new Map<string, number>();
  /** Functions that end the waits of notices being spread. */
  readonly #waits = new Set<() => void>();
  #underWay = 0;
  #closed = false;
  readonly counters: Delivered = { sent: 0, dropped: 0, tooLarge: 0 };

  constructor(deps: NoticeSpreadsDeps) {
    this.#deps = deps;
  }

  /**
   * Begins what another hub asks for, unless it has begun; resolves at once with how far it is, or when it is over if no device has to
   * wait. @throws HubError `input-invalid` (selector)
   */
  async begin(order: AskedNotice): Promise<Spread> {
    if (this.#underWay >= mostUnderWay && !this.#known.has(order.id)) return notBegun;
    const { spread, over } = this.#spreadOf(order);
    if (order.jitterMs <= 0) await over;
    return spread;
  }

  /**
   * Begins it now. Resolves when every moment has passed. If the hub stops before, the rest counts as dropped.
   * @throws HubError `input-invalid` (selector)
   */
  async finish(order: NoticeOrder): Promise<Delivered> {
    const outMs = this.#deps.clock.monotonic();
    const { spread, over } = this.#spreadOf({ ...order, outMs });
    await over;
    return spread.delivered;
  }

  /** By the clock that other hubs name moments with. */
  get nowMs(): number {
    return this.#deps.clock.monotonic();
  }

  moved(deviceId: string, _epoch: number, { from }: DeviceMove): void {
    if (from === undefined) return;
    const nowMs = this.#deps.clock.monotonic();
    this.#arrivals.delete(deviceId);
    this.#arrivals.set(deviceId, nowMs);
    for (const [id, atMs] of this.#arrivals) {
      if (atMs >= nowMs - arrivalMs) break;
      this.#arrivals.delete(id);
    }
  }

  close(): void {
    this.#closed = true;
    for (const end of this.#waits) end();
  }

  #spreadOf(order: AskedNotice): { spread: Spread; over: Promise<void> } {
    const known = this.#known.get(order.id);
    if (known !== undefined) return known;
    const spread = { delivered: { sent: 0, dropped: 0, tooLarge: 0 }, isOver: false };
    this.#underWay += 1;
    const over = this.#run(order, spread.delivered).finally(() => {
      spread.isOver = true;
      this.#underWay -= 1;
      this.#forget();
    });
    // Whoever waits for it hears of a fault as well.
    over.catch(() => this.#known.delete(order.id));
    const begun = { spread, over };
    this.#known.set(order.id, begun);
    return begun;
  }

  async #run(order: AskedNotice, delivered: Delivered): Promise<void> {
    const { clock, registry, share } = this.#deps;
    const { id: notice, to, topic, data, jitterMs, outMs } = order;
    const text = JSON.stringify({ type: 'notice', topic, data });
    const turns = (await registry.select(to))
      .map((id) => ({ id, atMs: outMs + (jitterMs <= 0 ? 0 : share(notice, id) * jitterMs) }))
      .toSorted((a, b) => a.atMs - b.atMs);
    for (const [index, { id, atMs }] of turns.entries()) {
      if (jitterMs <= 0 || (await this.#until(atMs))) {
        const isLate = clock.monotonic() - atMs > lateMs;
        if (!isLate && this.#wasHere(id, atMs)) this.#deliver(id, text, delivered);
        continue;
      }
      const left = turns.slice(index).filter((turn) => this.#deps.sessions.get(turn.id)?.isOpen === true);
      this.#count(delivered, 'dropped', left.length);
      return;
    }
  }

  /** @param atMs before this moment no other hub has sent it, monotonic */
  #wasHere(id: string, atMs: number): boolean {
    return (this.#arrivals.get(id) ?? -Infinity) <= atMs;
  }

  #deliver(id: string, text: string, delivered: Delivered): void {
    const session = this.#deps.sessions.get(id);
    if (session?.isOpen !== true) return;
    if (!session.outbox.takes(text)) this.#count(delivered, 'tooLarge');
    else this.#count(delivered, session.notice(text) ? 'sent' : 'dropped');
  }

  /** Those that have been over for the longest time, when there are too many. */
  #forget(): void {
    let tooMany = this.#known.size - this.#underWay - kept;
    for (const [id, { spread }] of this.#known) {
      if (tooMany <= 0) return;
      if (!spread.isOver) continue;
      this.#known.delete(id);
      tooMany -= 1;
    }
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
