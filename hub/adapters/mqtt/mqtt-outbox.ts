import type { BusCounters, OutgoingMessage } from '../../bus/bus.ts';
import { HubError } from '../../kernel/errors.ts';

/** Sends one message to the broker. Calls `done` once, with the reason code when the PUBACK refuses it. */
export type Send = (
  message: OutgoingMessage,
  done: (refusal?: { code?: number; message: string }) => void,
) => void;

interface Entry {
  message: OutgoingMessage;
  bytes: number;
  resolve: () => void;
  reject: (error: HubError) => void;
}

const maxItems = 10_000;
const maxBytes = 16 * 1024 * 1024;
/** Room for the fixed header, and for names and lengths of the properties. */
const packetOverheadBytes = 256;
/** Not authorized, topic name invalid, packet too large, payload format invalid [MQTT 5 §3.4.2.1]. */
const refusedForGood = new Set([0x87, 0x90, 0x95, 0x99]);

/**
 * Holds QoS 1 messages until their PUBACK, oldest first. A new connection gets all of them again, in order: the broker
 * may get a message twice, but misses none.
 */
export class MqttOutbox {
  readonly #counters: BusCounters;
  readonly #entries = new Set<Entry>();
  #unsent: Entry[] = [];
  #bytes = 0;
  #link: { send: Send; window: number; maxPacketBytes: number; inFlight: number } | undefined;
  #closed = false;
  #emptied: (() => void) | undefined;

  constructor(counters: BusCounters) {
    this.#counters = counters;
  }

  get attached(): boolean {
    return this.#link !== undefined;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** @throws HubError `bus-unavailable` when full or closed, `bus-refused` when the broker refuses it */
  add(message: OutgoingMessage): Promise<void> {
    const bytes = sizeOf(message);
    if (this.#closed || this.#entries.size >= maxItems || this.#bytes + bytes > maxBytes) {
      this.#counters.unavailable++;
      return Promise.reject(new HubError('bus-unavailable', this.#closed ? 'closed' : 'the outbox is full'));
    }
    return new Promise((resolve, reject) => {
      const entry = { message, bytes, resolve, reject };
      this.#entries.add(entry);
      this.#bytes += bytes;
      this.#unsent.push(entry);
      this.#flush();
    });
  }

  /** A connection is ready. @param limits of its broker: QoS 1 messages in flight, bytes in a packet */
  attach(send: Send, limits: { window: number; maxPacketBytes: number }): void {
    this.#link = { send, ...limits, inFlight: 0 };
    this.#unsent = [...this.#entries];
    this.#flush();
  }

  detach(): void {
    this.#link = undefined;
  }

  /** Resolves when everything has been acknowledged. */
  drained(): Promise<void> {
    if (this.#entries.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#emptied = resolve;
    });
  }

  /** Gives up what is left. */
  close(): void {
    this.#closed = true;
    this.#link = undefined;
    for (const entry of this.#entries) {
      this.#counters.unavailable++;
      this.#settle(entry, new HubError('bus-unavailable', 'closed before the broker acknowledged'));
    }
  }

  #flush(): void {
    const link = this.#link;
    if (link === undefined) return;
    while (this.#unsent.length > 0 && link.inFlight < link.window && this.#link === link) {
      // Leaves the list before it is sent: a client that is closing calls back within the call.
      const entry = this.#unsent.shift();
      if (entry === undefined || !this.#entries.has(entry)) continue;
      if (entry.bytes > link.maxPacketBytes) {
        this.#counters.refused++;
        this.#settle(
          entry,
          new HubError('bus-refused', `the broker takes at most ${link.maxPacketBytes} bytes`),
        );
        continue;
      }
      link.inFlight++;
      link.send(entry.message, (refusal) => {
        if (this.#link !== link) return;
        link.inFlight--;
        if (refusal !== undefined && refusal.code === undefined) {
          // The connection failed, not the message: it goes out again with the next connection.
          this.detach();
          return;
        }
        this.#acknowledged(entry, refusal);
        this.#flush();
      });
    }
  }

  /** @param refusal of the broker, with its reason code; undefined: it took the message */
  #acknowledged(entry: Entry, refusal: { code?: number; message: string } | undefined): void {
    if (refusal === undefined) {
      this.#counters.published++;
      this.#settle(entry);
    } else if (refusal.code !== undefined) {
      const forGood = refusedForGood.has(refusal.code);
      this.#counters[forGood ? 'refused' : 'unavailable']++;
      this.#settle(entry, new HubError(forGood ? 'bus-refused' : 'bus-unavailable', refusal.message));
    }
  }

  #settle(entry: Entry, error?: HubError): void {
    this.#entries.delete(entry);
    this.#bytes -= entry.bytes;
    if (error === undefined) entry.resolve();
    else entry.reject(error);
    if (this.#entries.size === 0) this.#emptied?.();
  }
}

function sizeOf({ topic, payload, correlationData, userProperties }: OutgoingMessage): number {
  let bytes = packetOverheadBytes + Buffer.byteLength(topic) + Buffer.byteLength(payload);
  bytes += correlationData?.byteLength ?? 0;
  for (const [name, value] of Object.entries(userProperties ?? {})) {
    bytes += Buffer.byteLength(name) + Buffer.byteLength(value);
  }
  return bytes;
}
