import type { Socket } from 'node:net';
import { packetFault, type PacketFault } from './packet-faults.ts';

/** Splits the bytes of one MQTT connection into packets, and finds the first that may not pass. */
export class PacketReader {
  readonly #maxBytes: number;
  /** The first bytes of the packet that is not complete yet; grows as more arrive. */
  #begun = new Uint8Array(64);
  #filled = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  take(chunk: Uint8Array): PacketFault | undefined {
    let rest = chunk;
    while (rest.length > 0) {
      if (this.#filled > 0) rest = this.#keep(rest, this.#missing());
      const whole = this.#filled > 0 ? this.#begun.subarray(0, this.#filled) : rest;
      const length = lengthOf(whole);
      if (length !== undefined && length > this.#maxBytes)
        return { reason: `a packet over ${this.#maxBytes} bytes` };
      if (length === undefined || whole.length < length) {
        if (this.#filled === 0) rest = this.#keep(rest, rest.length);
        continue;
      }
      const fault = packetFault(whole.subarray(0, length));
      if (fault !== undefined) return fault;
      if (this.#filled > 0) this.#filled = 0;
      else rest = rest.subarray(length);
    }
    return undefined;
  }

  /** Bytes that the incomplete packet lacks; one while its length is not known. */
  #missing(): number {
    const length = lengthOf(this.#begun.subarray(0, this.#filled));
    return length === undefined ? 1 : length - this.#filled;
  }

  /** Copies the first bytes, because the memory of a chunk belongs to the socket. @returns the others */
  #keep(bytes: Uint8Array, count: number): Uint8Array {
    const kept = bytes.subarray(0, count);
    const size = this.#filled + kept.length;
    if (size > this.#begun.length) {
      const larger = new Uint8Array(2 ** Math.ceil(Math.log2(size)));
      larger.set(this.#begun.subarray(0, this.#filled));
      this.#begun = larger;
    }
    this.#begun.set(kept, this.#filled);
    this.#filled = size;
    return bytes.subarray(kept.length);
  }
}

/**
 * Bytes of the packet that begins here, its fixed header included (MQTT 3.1.1 §2.2.3).
 * @returns undefined while that is not known; infinite when the length field is longer than four bytes
 */
function lengthOf(bytes: Uint8Array): number | undefined {
  let length = 0;
  for (let at = 1; at <= 4; at += 1) {
    const byte = bytes[at];
    if (byte === undefined) return undefined;
    length += (byte & 0x7f) * 128 ** (at - 1);
    if (byte < 0x80) return at + 1 + length;
  }
  return Infinity;
}

/** CONNACK without a session, and this return code (MQTT 3.1.1 §3.2). */
export function connack(returnCode: number): Buffer {
  return Buffer.from([0x20, 2, 0, returnCode]);
}

/**
 * Closes `socket` at the first packet that MQTT 3.1.1 does not allow, or that announces more than `maxBytes`. The broker
 * would keep a packet until it is complete, whoever sends it, and a packet may have 256 MB.
 * @param refused called before the socket is closed
 */
export function guardPackets(socket: Socket, maxBytes: number, refused: (fault: PacketFault) => void): void {
  const reader = new PacketReader(maxBytes);
  const read = socket.read.bind(socket);
  // The broker reads with this method; a listener of our own would take the bytes away from it.
  socket.read = (size?: number): unknown => {
    const chunk: unknown = read(size);
    const fault = chunk instanceof Uint8Array ? reader.take(chunk) : undefined;
    if (fault === undefined) return chunk;
    refused(fault);
    if (fault.connack !== undefined) socket.write(connack(fault.connack));
    socket.destroySoon();
    return null;
  };
}
