import { cutText } from '../../../schemas/cut-text.ts';

/** Rules of MQTT 3.1.1 for the packets of clients that the broker library does not check. */

export interface PacketFault {
  reason: string;
  /** Return code of the CONNACK that is sent before the connection is closed (MQTT 3.1.1 §3.2.2.3). */
  connack?: number;
}

const types = {
  connect: 1,
  publish: 3,
  puback: 4,
  pubrec: 5,
  pubrel: 6,
  pubcomp: 7,
  subscribe: 8,
  unsubscribe: 10,
};
const answers = new Set([types.puback, types.pubrec, types.pubrel, types.pubcomp]);

/** 3 is MQTT 3.1; the library answers 5. The highest bit marks a bridge. */
const knownLevels = new Set([3, 4, 5]);
const unacceptableVersion = 1;
const identifierRejected = 2;

/**
 * Judges one whole packet.
 * @returns undefined for one that may pass; after a fault the connection must be closed [MQTT-4.8.0-1]
 */
export function packetFault(packet: Uint8Array): PacketFault | undefined {
  const type = (packet[0] ?? 0) >> 4;
  const flags = (packet[0] ?? 0) & 0x0f;
  const fields = new Fields(packet);
  try {
    if (type === types.connect) return connectFault(fields);
    if (type === types.publish) return publishFault(fields, (flags >> 1) & 3);
    if (type === types.subscribe) return filtersFault(fields, 1);
    if (type === types.unsubscribe) return filtersFault(fields, 0);
    if (answers.has(type)) return idFault(fields);
    return undefined;
  } catch (error) {
    if (error instanceof Malformed) return { reason: error.message };
    throw error;
  }
}

function connectFault(fields: Fields): PacketFault | undefined {
  fields.text('protocol name');
  const level = fields.byte() & 0x7f;
  // [MQTT-3.1.2-2]
  if (!knownLevels.has(level))
    return { reason: `unknown protocol level ${level}`, connack: unacceptableVersion };
  // MQTT 5 has other fields; the library refuses it.
  if (level === 5) return undefined;
  const flags = fields.byte();
  fields.number();
  const id = fields.text('client id');
  // [MQTT-3.1.3-8]
  if (id === '' && (flags & 0x02) === 0)
    return { reason: 'no client id, although the session is to be kept', connack: identifierRejected };
  if ((flags & 0x04) !== 0) {
    fields.text('will topic');
    fields.skip(fields.number());
  }
  if ((flags & 0x80) !== 0) fields.text('user name');
  return undefined;
}

function publishFault(fields: Fields, qos: number): PacketFault | undefined {
  const topic = fields.text('topic');
  // [MQTT-3.3.1-4], [MQTT-4.7.3-1], [MQTT-3.3.2-2]
  if (qos === 3) return { reason: 'QoS 3' };
  if (topic === '' || /[+#]/.test(topic)) return { reason: 'a topic that is empty or has a wildcard' };
  return qos === 0 ? undefined : idFault(fields);
}

/** @param extra bytes after each filter */
function filtersFault(fields: Fields, extra: number): PacketFault | undefined {
  const fault = idFault(fields);
  if (fault !== undefined) return fault;
  // [MQTT-3.8.3-3], [MQTT-3.10.3-2]
  if (fields.ended) return { reason: 'no topic filter' };
  while (!fields.ended) {
    const filter = fields.text('topic filter');
    if (!isFilter(filter)) return { reason: `the topic filter ${JSON.stringify(cutText(filter, 80))}` };
    fields.skip(extra);
  }
  return undefined;
}

/** [MQTT-2.3.1-1] */
function idFault(fields: Fields): PacketFault | undefined {
  return fields.number() === 0 ? { reason: 'packet identifier 0' } : undefined;
}

/** A wildcard has a level of its own, `#` the last one [MQTT-4.7.1-2], [MQTT-4.7.1-3]. */
function isFilter(filter: string): boolean {
  const levels = filter.split('/');
  return (
    filter !== '' &&
    levels.every(
      (level, at) => !/[+#]/.test(level) || level === '+' || (level === '#' && at === levels.length - 1),
    )
  );
}

class Malformed extends Error {}

// A byte order mark is U+FEFF, and stays [MQTT-1.5.3-3].
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The fields of a packet after its fixed header, one after another. */
class Fields {
  readonly #packet: Uint8Array;
  #at: number;

  constructor(packet: Uint8Array) {
    this.#packet = packet;
    // The length field ends with the first byte below 128 (§2.2.3).
    let at = 1;
    while ((packet[at] ?? 0) >= 0x80) at += 1;
    this.#at = at + 1;
  }

  get ended(): boolean {
    return this.#at >= this.#packet.length;
  }

  byte(): number {
    const byte = this.#packet[this.#at];
    if (byte === undefined) throw new Malformed('a packet that ends too early');
    this.#at += 1;
    return byte;
  }

  number(): number {
    return this.byte() * 256 + this.byte();
  }

  skip(bytes: number): void {
    if (this.#at + bytes > this.#packet.length) throw new Malformed('a packet that ends too early');
    this.#at += bytes;
  }

  /** UTF-8 without surrogates and without U+0000 [MQTT-1.5.3-1], [MQTT-1.5.3-2]. */
  text(name: string): string {
    const length = this.number();
    const begin = this.#at;
    this.skip(length);
    let text: string;
    try {
      text = utf8.decode(this.#packet.subarray(begin, this.#at));
    } catch {
      throw new Malformed(`a ${name} that is not UTF-8`);
    }
    if (text.includes('\0')) throw new Malformed(`a ${name} with U+0000`);
    return text;
  }
}
