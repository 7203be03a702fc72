import type { IncomingMessage } from '../../bus/bus.ts';

/** One connection to the broker. */
interface Link {
  /** Sends the PUBACKs of these packets, in this order. */
  acknowledge(packetIds: readonly number[]): void;
  /** A message could not be handled. It gets no PUBACK, so it comes again with the next connection. */
  failed(message: IncomingMessage, error: unknown): void;
}

interface MqttInboxDeps {
  /** Resolves when the message may be PUBACKed. */
  handle(message: IncomingMessage): Promise<void>;
  /** Messages with the same order are handled one after another, in the order in which they came. */
  orderOf(topic: string): string;
}

/**
 * Handles messages from the broker concurrently, so that they share the journal's commits. Messages to one device stay in
 * order, even over reconnects: a redelivery never overtakes the first delivery.
 */
export class MqttInbox {
  readonly #deps: MqttInboxDeps;
  readonly #maxHandling: number;
  /** By order: resolves when its last message is handled. */
  readonly #tails = new Map<string, Promise<void>>();
  /** Connections that wait for room before they read on. */
  readonly #paused: (() => void)[] = [];
  #handling = 0;

  /** @param maxHandling the most messages being handled, those of lost connections included; at this limit none is read */
  constructor(deps: MqttInboxDeps, maxHandling: number) {
    this.#deps = deps;
    this.#maxHandling = maxHandling;
  }

  /** @returns for a new connection: handles a message, and calls `next` when the connection may read the next one */
  open(link: Link): (message: IncomingMessage, next: () => void) => void {
    const acks = new OrderedAcks((packetIds) => link.acknowledge(packetIds));
    return (message, next) => {
      const settled = acks.expect(message.packetId);
      this.#run(message, (error) => {
        if (error === undefined) settled();
        else link.failed(message, error.cause);
      });
      if (this.#handling < this.#maxHandling) next();
      else this.#paused.push(next);
    };
  }

  /** Resolves when every message read so far is handled. */
  async idle(): Promise<void> {
    await Promise.all(this.#tails.values());
  }

  #run(message: IncomingMessage, done: (error?: { cause: unknown }) => void): void {
    this.#handling++;
    const order = this.#deps.orderOf(message.topic);
    const before = this.#tails.get(order) ?? Promise.resolve();
    const tail = before
      .then(() => this.#deps.handle(message))
      .then(
        () => done(),
        (cause: unknown) => done({ cause }),
      )
      .finally(() => {
        if (this.#tails.get(order) === tail) this.#tails.delete(order);
        this.#handling--;
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
      // One commit makes many messages ready: their PUBACKs leave in one write.
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
