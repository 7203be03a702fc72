import type { Operator } from '../../schemas/api/operators.ts';
import type { Origin } from '../../schemas/api/requester.ts';
import { HubError, messageOf } from '../kernel/errors.ts';
import type { Log } from '../kernel/log.ts';
import type { Clock } from '../../schemas/time/clock.ts';
import { otherHubs, startName, type HubStart, type SeenHub } from './hub-start.ts';

/**
 * Where one start of a hub is asked by the others. All of it stands in the state that they share: whoever can read that may ask, and
 * nobody has to hand out a certificate or a secret.
 */
export interface PeerAddress {
  /** `https://host:port`. */
  readonly url: string;
  /** The authority of its certificate, PEM. */
  readonly ca: string;
  /** What proves that one of the hubs asks. */
  readonly token: string;
}

/** Every method may reject with HubError `database-failed`. */
export interface PeerStore {
  /** Says where this start of the hub is asked. */
  publish(address: PeerAddress): Promise<void>;
  addressOf(hub: HubStart): Promise<PeerAddress | undefined>;
  /** Whose device it is; undefined: nobody's. */
  ownerOf(device: string): Promise<HubStart | undefined>;
}

/** Who asked the first hub, which has judged the rights; the asked one judges them again. */
export interface Asker {
  readonly operator: Operator;
  readonly origin: Origin;
}

export interface PeerQuestion {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
  readonly asker: Asker;
}

export interface PeerAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** An open live feed of another hub. */
export interface PeerFeed {
  send(text: string): void;
  close(): void;
}

export interface PeerClient {
  /** Rejects when there is no answer. */
  ask(address: PeerAddress, question: PeerQuestion): Promise<PeerAnswer>;
  /** @param over it is closed, or was never open */
  watch(
    address: PeerAddress,
    asker: Asker,
    on: { message: (text: string) => void; over: () => void },
  ): PeerFeed;
}

/** Opens the live feeds of all other hubs. @param message a text message of one of them */
export type WatchPeers = (asker: Asker, message: (hub: string, text: string) => void) => PeerFeed;

export interface PeersDeps {
  clock: Clock;
  log: Log;
  me: HubStart;
  tenure: { readonly hubs: readonly SeenHub[] };
  store: Pick<PeerStore, 'addressOf'>;
  client: PeerClient;
}

/** Hubs that have come, or whose feed broke, are looked for this often while somebody watches, ms. */
const lookMs = 2_000;

/** The other hubs, as this one asks them. */
export class Peers {
  readonly #deps: PeersDeps;
  /** By the start of the hub. */
  readonly #addresses = new Map<string, PeerAddress>();
  /** Questions by fate. */
  readonly counters = { answered: 0, failed: 0 };

  constructor(deps: PeersDeps) {
    this.#deps = deps;
  }

  /** @throws HubError `other-hub`: it does not answer, and may be asked itself · `database-failed` */
  async ask(hub: HubStart, question: PeerQuestion): Promise<PeerAnswer> {
    const { client, log } = this.#deps;
    const address = await this.#addressOf(hub);
    if (address === undefined) throw unreached(hub, 'it has no address for other hubs');
    try {
      const answer = await client.ask(address, question);
      this.counters.answered += 1;
      return answer;
    } catch (error) {
      this.counters.failed += 1;
      log.debug({ hub: hub.id, reason: messageOf(error) }, 'another hub was not reached');
      throw unreached(hub, messageOf(error));
    }
  }

  /** Opens the live feeds of all other hubs, also of those that come later. @param message a text message of one of them */
  watch(asker: Asker, message: (hub: string, text: string) => void): PeerFeed {
    const feeds = new Map<string, PeerFeed>();
    let last: string | undefined;
    let isOver = false;
    const open = async (hub: SeenHub): Promise<void> => {
      const name = startName(hub);
      const address = await this.#addressOf(hub).catch(() => undefined);
      if (address === undefined || isOver || feeds.has(name)) return;
      const feed = this.#deps.client.watch(address, asker, {
        message: (text) => message(name, text),
        over: () => {
          if (feeds.get(name) === feed) feeds.delete(name);
        },
      });
      feeds.set(name, feed);
      if (last !== undefined) feed.send(last);
    };
    const look = (): void => {
      for (const hub of this.#others()) if (!feeds.has(startName(hub))) void open(hub);
    };
    look();
    const stop = this.#deps.clock.every(lookMs, look);
    return {
      send(text) {
        last = text;
        for (const feed of feeds.values()) feed.send(text);
      },
      close() {
        isOver = true;
        stop();
        for (const feed of feeds.values()) feed.close();
      },
    };
  }

  #others(): SeenHub[] {
    const { me, tenure } = this.#deps;
    return otherHubs(tenure.hubs, me);
  }

  async #addressOf(hub: HubStart): Promise<PeerAddress | undefined> {
    const name = startName(hub);
    const known = this.#addresses.get(name);
    if (known !== undefined) return known;
    const address = await this.#deps.store.addressOf(hub);
    const alive = new Set(this.#others().map(startName));
    for (const each of this.#addresses.keys()) if (!alive.has(each)) this.#addresses.delete(each);
    if (address !== undefined) this.#addresses.set(name, address);
    return address;
  }
}

function unreached(hub: HubStart, why: string): HubError {
  return new HubError('other-hub', `${startName(hub)}, which does not answer this hub (${why})`, {
    details: { hub: hub.id },
  });
}
