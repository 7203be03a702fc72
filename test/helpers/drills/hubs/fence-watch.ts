import type { ProxyWatch } from '../../services/tcp-proxy.ts';
import type { Write } from './hub-verdict.ts';

/** What no hub publishes that may not act: of other topics the state does not decide. */
const fencedTopic = /^hub\/v1\/(?:presence|presence-change|status|group-status|incident)\//u;
const commandFrame = '"type":"command"';
/** What a turn of the event loop takes at most, until its last byte was seen here, ms. */
const turnMs = 100;
/** This process looks at itself so often, and has stood still when that took much longer, ms: what it sees then has come at some time before. */
const lookMs = 100;
const stoodMs = 500;

/** Sees what a hub writes for its devices and to the broker, and how long the state had not answered it by then. */
export class FenceWatch {
  readonly writes: Write[] = [];
  readonly #name: string;
  #answeredMs = performance.now();
  #thawedMs = -Infinity;
  readonly #packets = new WeakMap<object, MqttPackets>();
  #lookedMs = performance.now();
  readonly #looking: NodeJS.Timeout;

  constructor(name: string) {
    this.#name = name;
    this.#looking = setInterval(() => this.#look(), lookMs);
  }

  close(): void {
    clearInterval(this.#looking);
  }

  /** Of its connections to PostgreSQL. */
  readonly state: ProxyWatch = {
    answered: () => {
      this.#answeredMs = performance.now();
    },
  };

  /** Of its connections to the broker. */
  readonly broker: ProxyWatch = {
    sent: (bytes, connection) => {
      const packets = this.#packets.get(connection) ?? new MqttPackets();
      this.#packets.set(connection, packets);
      for (const topic of packets.published(bytes))
        if (fencedTopic.test(topic)) this.#note('published', topic);
    },
  };

  /** It goes on after it was stopped in the middle of a turn of its event loop, which it ends before it looks at the time. */
  thawed(): void {
    this.#thawedMs = performance.now();
  }

  /** What it sends to devices. */
  frames(bytes: Buffer): void {
    // Frames of a hub are neither masked nor compressed.
    if (bytes.includes(commandFrame)) this.#note('sent', 'a command');
  }

  #look(): void {
    const nowMs = performance.now();
    // Answers of that time may be read after what was written afterwards.
    if (nowMs - this.#lookedMs > stoodMs) this.#answeredMs = nowMs;
    this.#lookedMs = nowMs;
  }

  #note(kind: Write['kind'], what: string): void {
    this.#look();
    const nowMs = performance.now();
    if (nowMs - this.#thawedMs < turnMs) return;
    const silentMs = Math.round(nowMs - this.#answeredMs);
    this.writes.push({ hub: this.#name, kind, what, silentMs });
  }
}

const publishType = 3;

/** Reads the control packets of one connection [MQTT 5 §2.1]. */
export class MqttPackets {
  #rest = Buffer.alloc(0);

  /** The topics of the PUBLISH packets that are whole now. */
  published(bytes: Buffer): string[] {
    this.#rest = Buffer.concat([this.#rest, bytes]);
    const topics: string[] = [];
    for (
      let size = this.#size();
      size !== undefined && size.whole <= this.#rest.length;
      size = this.#size()
    ) {
      const { header, whole } = size;
      if ((this.#rest[0] ?? 0) >> 4 === publishType) {
        const length = this.#rest.readUInt16BE(header);
        topics.push(this.#rest.toString('utf8', header + 2, header + 2 + length));
      }
      this.#rest = this.#rest.subarray(whole);
    }
    return topics;
  }

  /** Bytes of the fixed header, and of the whole packet. */
  #size(): { header: number; whole: number } | undefined {
    let length = 0;
    for (let at = 1; at <= 4; at += 1) {
      const byte = this.#rest[at];
      if (byte === undefined) return undefined;
      length += (byte & 0x7f) * 128 ** (at - 1);
      if (byte < 0x80) return { header: at + 1, whole: at + 1 + length };
    }
    throw new Error('this is not MQTT');
  }
}
