import type { IncomingMessage } from '../../bus/bus.ts';

/** One connection to the broker, as its messages are answered on it. */
interface Link {
  /** Sends the PUBACKs of these packets, in this order. */
  acknowledge(packetIds: readonly number[]): void;
  /** A message could not be dealt with: without its PUBACK it comes again in the next connection. */
  failed(message: IncomingMessage, error: unknown): void;
}

interface InboxDeps {
  /** Resolves when the message may be PUBACKed. */
  deal(message: IncomingMessage): Promise<void>;
  /** Messages with the same answer are dealt with one after another, as they came. */
  orderOf(topic: string): string;
}

/**
 * Messages from the broker, several in hand at a time, so that they share the journal's commits. Those of one
 * device stay in order, over reconnects too: a redelivery never overtakes its first handling.
 */
export class Inbox {
  readonly #deps: InboxDeps;
  readonly #maxInHand: number;
  /** The end of each order's last message. */
  readonly #tails = new Map<string, Promise<void>>();
  /** Connections that may go on when there is room. */
  readonly #paused: (() => void)[] = [];
  #inHand = 0;

  /** @param maxInHand messages being dealt with, those of lost connections too; beyond, none is read */
  constructor(deps: InboxDeps, maxInHand: number) {
    this.#deps = deps;
    this.#maxInHand = maxInHand;
  }

  /** A connection's way in: hands a message on, and calls `next` when the following one may be read. */
  open(link: Link): (message: IncomingMessage, next: () => void) => void {
    const acks = new OrderedAcks((packetIds) => link.acknowledge(packetIds));
    return (message, next) => {
      const settled = acks.expect(message.packetId);
      this.#run(message, (error) => {
        if (error === undefined) settled();
        else link.failed(message, error.cause);
      });
      if (this.#inHand < this.#maxInHand) next();
      else this.#paused.push(next);
    };
  }

  /** Resolves when what is in hand now is dealt with. */
  async idle(): Promise<void> {
    await Promise.all(this.#tails.values());
  }

  #run(message: IncomingMessage, done: (error?: { cause: unknown }) => void): void {
    this.#inHand++;
    const order = this.#deps.orderOf(message.topic);
    const before = this.#tails.get(order) ?? Promise.resolve();
    const tail = before
      .then(() => this.#deps.deal(message))
      .then(
        () => done(),
        (cause: unknown) => done({ cause }),
      )
      .finally(() => {
        if (this.#tails.get(order) === tail) this.#tails.delete(order);
        this.#inHand--;
        this.#paused.shift()?.();
      });
    this.#tails.set(order, tail);
  }
}

/** PUBACKs go out in the order in which the messages came, whichever is ready first [MQTT-4.6.0-2]. */
class OrderedAcks {
  readonly #send: (packetIds: readonly number[]) => void;
  readonly #expected: { packetId: number; ready: boolean }[] = [];
  #scheduled = false;

  constructor(send: (packetIds: readonly number[]) => void) {
    this.#send = send;
  }

  /** @returns to be called when this one is ready */
  expect(packetId: number | undefined): () => void {
    if (packetId === undefined) return () => {};
    const ack = { packetId, ready: false };
    this.#expected.push(ack);
    return () => {
      ack.ready = true;
      // One commit makes many ready: their PUBACKs are one write.
      if (this.#scheduled || this.#expected[0] !== ack) return;
      this.#scheduled = true;
      setImmediate(() => this.#flush());
    };
  }

  #flush(): void {
    this.#scheduled = false;
    const waiting = this.#expected.findIndex(({ ready }) => !ready);
    const ready = this.#expected.splice(0, waiting === -1 ? this.#expected.length : waiting);
    if (ready.length > 0) this.#send(ready.map(({ packetId }) => packetId));
  }
}
