import type { Writable } from 'node:stream';
import type { BusCounters } from '../../bus/bus.ts';
import type { Cancel, Clock } from '../../../schemas/time/clock.ts';

/** The longest time for which a reading waits for others, ms. */
const gatherMs = 10;
/** A batch of this size leaves immediately, bytes. */
const gatherBytes = 65_536;
/** With more unsent bytes than this the broker does not keep up: readings are dropped and counted. */
const maxBacklogBytes = 4 * 1024 * 1024;

/** QoS 0, neither DUP nor RETAIN [MQTT 5 §3.3.1]. */
const fixedHeader = 0x30;
/** The largest Remaining Length is four bytes of seven bits [MQTT 5 §1.5.5]. */
const maxRemaining = 268_435_455;

interface Link {
  stream: Writable;
  maxPacketBytes: number;
}

/**
 * Collects QoS 0 messages and writes them to the socket together, in order: for a single reading the system call would
 * cost more than all other work.
 */
export class BroadcastBatch {
  readonly #clock: Clock;
  readonly #counters: BusCounters;
  #link: Link | undefined;
  /** Topic and payload by turns. */
  #texts: string[] = [];
  /** Remaining Length of each packet. */
  #lengths: number[] = [];
  #bytes = 0;
  #cancel: Cancel | undefined;

  constructor(clock: Clock, counters: BusCounters) {
    this.#clock = clock;
    this.#counters = counters;
  }

  /** A connection is ready. @param maxPacketBytes the broker's Maximum Packet Size [MQTT-3.2.2-15] */
  attach(stream: Writable, maxPacketBytes: number): void {
    this.#link = { stream, maxPacketBytes };
  }

  /** The connection is gone: its batch is dropped. */
  detach(): void {
    this.#link = undefined;
    this.#counters.dropped += this.#lengths.length;
    this.#clear();
  }

  /** @returns false when the message is dropped: no connection, the broker does not keep up, or the message is too large */
  add(topic: string, payload: string): boolean {
    const link = this.#link;
    if (link === undefined || link.stream.writableLength + this.#bytes > maxBacklogBytes) {
      this.#counters.dropped += 1;
      return false;
    }
    // Length and text of the topic, no properties, the payload [MQTT 5 §3.3.2, §3.3.3].
    const remaining = 2 + Buffer.byteLength(topic) + 1 + Buffer.byteLength(payload);
    const bytes = 1 + varintBytes(remaining) + remaining;
    if (bytes > link.maxPacketBytes || remaining > maxRemaining) {
      this.#counters.tooLong += 1;
      return false;
    }
    this.#texts.push(topic, payload);
    this.#lengths.push(remaining);
    this.#bytes += bytes;
    if (this.#bytes >= gatherBytes) this.flush();
    else this.#cancel ??= this.#clock.after(gatherMs, () => this.flush());
    return true;
  }

  /** Sends the batch. To be called before anything else is written to the connection. */
  flush(): void {
    if (this.#link === undefined || this.#lengths.length === 0) return;
    const { stream } = this.#link;
    const chunk = Buffer.allocUnsafe(this.#bytes);
    let at = 0;
    for (let index = 0; index < this.#lengths.length; index += 1) {
      const topic = this.#texts[2 * index] ?? '';
      chunk[at++] = fixedHeader;
      for (let rest = this.#lengths[index] ?? 0; ; rest >>>= 7) {
        chunk[at++] = rest > 127 ? (rest & 127) | 128 : rest;
        if (rest <= 127) break;
      }
      const topicAt = at + 2;
      at = topicAt + chunk.write(topic, topicAt);
      chunk.writeUInt16BE(at - topicAt, topicAt - 2);
      chunk[at++] = 0;
      at += chunk.write(this.#texts[2 * index + 1] ?? '', at);
    }
    this.#counters.published += this.#lengths.length;
    this.#clear();
    stream.write(chunk);
  }

  #clear(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#texts = [];
    this.#lengths = [];
    this.#bytes = 0;
  }
}

function varintBytes(value: number): number {
  if (value < 128) return 1;
  if (value < 16_384) return 2;
  return value < 2_097_152 ? 3 : 4;
}
