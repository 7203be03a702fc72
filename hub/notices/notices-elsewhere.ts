import { peerNoticesPath, type PeerMoment } from '../../schemas/api/peer-notices.ts';
import type { Cancel, Clock } from '../../schemas/time/clock.ts';
import { isSame, lives, otherHubs, type HubStart, type SeenHub } from '../cluster/hub-start.ts';
import type { Asker, PeerAnswer, PeerQuestion } from '../cluster/peers.ts';
import type { AskedNotice, Delivered, NoticeOrder, Spread } from './notice-spreads.ts';

export interface NoticesElsewhereDeps {
  clock: Clock;
  me: HubStart;
  tenure: { readonly hubs: readonly SeenHub[] };
  peers: { ask: (hub: HubStart, question: PeerQuestion) => Promise<PeerAnswer> };
}

export interface DeliveredElsewhere {
  delivered: Delivered;
  /** Hubs that live and did not answer: whether their devices have the notice is not known. */
  silentHubs: string[];
}

/** A hub is asked for its answer so long after the last moment, ms: less than whoever asked this hub waits. */
const patienceMs = 5_000;
/** Whether it is over by now, or answers by now, ms. */
const againMs = 500;
const asker: Asker = {
  operator: { actor: 'hub', role: 'admin', devices: '*', safety: 'critical' },
  origin: 'hub',
};

/** Notices to the devices of the other hubs. */
export class NoticesElsewhere {
  readonly #deps: NoticesElsewhereDeps;
  /** Functions that end the waits for other hubs. */
  readonly #waits = new Set<() => void>();
  #closed = false;

  constructor(deps: NoticesElsewhereDeps) {
    this.#deps = deps;
  }

  /** Resolves when all other hubs have handed it to their devices, or cannot be waited for any longer. */
  async finish(order: NoticeOrder): Promise<DeliveredElsewhere> {
    const { clock, me, tenure } = this.#deps;
    const outMs = clock.monotonic();
    const sum: DeliveredElsewhere = { delivered: { sent: 0, dropped: 0, tooLarge: 0 }, silentHubs: [] };
    await Promise.all(
      otherHubs(tenure.hubs, me).map(async (hub) => {
        const { delivered, isOver } = await this.#of(hub, order, outMs);
        sum.delivered.sent += delivered.sent;
        sum.delivered.dropped += delivered.dropped;
        sum.delivered.tooLarge += delivered.tooLarge;
        // One that has ended has no session any more: whoever had none by then is offline.
        if (!isOver && this.#lives(hub)) sum.silentHubs.push(hub.id);
      }),
    );
    sum.silentHubs.sort();
    return sum;
  }

  /** Nobody is waited for any longer. */
  close(): void {
    this.#closed = true;
    for (const end of this.#waits) end();
  }

  async #of(hub: HubStart, order: NoticeOrder, outMs: number): Promise<Spread> {
    let last: Spread = { delivered: { sent: 0, dropped: 0, tooLarge: 0 }, isOver: false };
    let outThereMs: number | undefined;
    let isLate = false;
    const isDone = (): boolean => last.isOver || isLate || this.#closed || !this.#lives(hub);
    const late = this.#wait(order.jitterMs + patienceMs);
    const asking = async (): Promise<void> => {
      for (;;) {
        outThereMs ??= await this.#outBy(hub, outMs);
        if (outThereMs !== undefined)
          last = (await this.#spread(hub, { ...order, outMs: outThereMs })) ?? last;
        if (isDone()) return;
        await this.#wait(againMs).over;
        if (isDone()) return;
      }
    };
    await Promise.race([asking(), late.over]);
    isLate = true;
    late.end();
    return last;
  }

  #wait(ms: number): { over: Promise<void>; end: () => void } {
    const { promise, resolve } = Promise.withResolvers<void>();
    const end = (): void => {
      cancel();
      this.#waits.delete(end);
      resolve();
    };
    const cancel: Cancel = this.#deps.clock.after(ms, end);
    if (this.#closed) end();
    else this.#waits.add(end);
    return { over: promise, end };
  }

  /**
   * When it went out by the clock of another hub, or a little earlier: what that hub is asked may take any time to arrive.
   * @returns undefined: no answer
   */
  async #outBy(hub: HubStart, outMs: number): Promise<number | undefined> {
    const answer = await this.#ask<PeerMoment>(hub, { method: 'GET' });
    return answer && answer.nowMs - (this.#deps.clock.monotonic() - outMs);
  }

  /** @returns undefined: no answer. It may be asked again: it sends each notice once. */
  #spread(hub: HubStart, notice: AskedNotice): Promise<Spread | undefined> {
    return this.#ask<Spread>(hub, { method: 'POST', body: JSON.stringify(notice) });
  }

  async #ask<Answer>(
    hub: HubStart,
    { method, body }: Pick<PeerQuestion, 'method' | 'body'>,
  ): Promise<Answer | undefined> {
    const headers: PeerQuestion['headers'] = body === undefined ? {} : { 'content-type': 'application/json' };
    try {
      const answer = await this.#deps.peers.ask(hub, { method, path: peerNoticesPath, headers, body, asker });
      return answer.status === 200 ? (JSON.parse(Buffer.from(answer.body).toString()) as Answer) : undefined;
    } catch {
      return undefined;
    }
  }

  #lives(hub: HubStart): boolean {
    return this.#deps.tenure.hubs.some((each) => isSame(each, hub) && lives(each));
  }
}
