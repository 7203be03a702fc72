import type { Socket } from 'node:net';

/** Follows where the packets of one MQTT connection begin, and what length each announces (MQTT 3.1.1 §2.2.3). */
class PacketSizes {
  readonly #maxBytes: number;
  /** Bytes of the current packet that are still to come. */
  #left = 0;
  /** The length field being read: its value so far, and the weight of the next byte; 0: none is being read. */
  #length = 0;
  #weight = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** @returns false when a packet in it is longer than it may be, or its length field is */
  take(chunk: Uint8Array): boolean {
    let at = 0;
    while (at < chunk.length) {
      if (this.#left > 0) {
        const taken = Math.min(this.#left, chunk.length - at);
        this.#left -= taken;
        at += taken;
        continue;
      }
      const byte = chunk[at] ?? 0;
      at += 1;
      if (this.#weight === 0) {
        // The first byte is the type; the length follows.
        this.#weight = 1;
        this.#length = 0;
        continue;
      }
      this.#length += (byte & 0x7f) * this.#weight;
      this.#weight *= 128;
      if (this.#length > this.#maxBytes || (byte >= 0x80 && this.#weight >= 128 ** 4)) return false;
      if (byte >= 0x80) continue;
      this.#left = this.#length;
      this.#weight = 0;
    }
    return true;
  }
}

/**
 * Cuts `socket` as soon as a packet announces more than `maxBytes`. The broker behind it keeps a packet until it is
 * whole, whoever sends it, and a length may be up to 256 MB.
 * @param refused called before the socket is cut
 */
export function limitPackets(socket: Socket, maxBytes: number, refused: () => void): void {
  const sizes = new PacketSizes(maxBytes);
  const read = socket.read.bind(socket);
  // The broker reads by this method; a listener of our own would take its bytes away.
  socket.read = (size?: number): unknown => {
    const chunk: unknown = read(size);
    if (!(chunk instanceof Uint8Array) || sizes.take(chunk)) return chunk;
    refused();
    socket.destroy();
    return null;
  };
}
