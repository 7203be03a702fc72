import { peerNoticesPath } from '../../schemas/api/peer-notices.ts';
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
    const { clock } = this.#deps;
    let isLate = false;
    const isDone = (): boolean => last.isOver || isLate || this.#closed || !this.#lives(hub);
    const late = this.#wait(order.jitterMs + patienceMs);
    const asking = async (): Promise<void> => {
      for (;;) {
        last = (await this.#ask(hub, { ...order, ageMs: clock.monotonic() - outMs })) ?? last;
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

  /** Undefined: no answer. */
  async #ask(hub: HubStart, order: AskedNotice): Promise<Spread | undefined> {
    const question: PeerQuestion = {
      method: 'POST',
      path: peerNoticesPath,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(order),
      asker,
    };
    try {
      const { status, body } = await this.#deps.peers.ask(hub, question);
      return status === 200 ? (JSON.parse(Buffer.from(body).toString()) as Spread) : undefined;
    } catch {
      // It may be asked again: it sends each notice once.
      return undefined;
    }
  }

  #lives(hub: HubStart): boolean {
    return this.#deps.tenure.hubs.some((each) => isSame(each, hub) && lives(each));
  }
}
