import { CborFloat, halfBits } from './cbor-float.ts';

/**
 * Writes a value as CBOR in the deterministic encoding (RFC 8949 §4.2.1): the shortest heads and floats, names in the order
 * of their bytes. As in JSON, a member that is undefined is left out.
 * @throws TypeError for a value that neither JSON nor the short forms have
 */
export function writeCbor(value: unknown): Uint8Array<ArrayBuffer> {
  writer.begin();
  writer.item(value);
  return writer.bytes();
}

const utf8 = new TextEncoder();
const firstBytes = 256;

class CborWriter {
  #buffer = new Uint8Array(firstBytes);
  #view = new DataView(this.#buffer.buffer);
  #at = 0;

  begin(): void {
    this.#at = 0;
  }

  bytes(): Uint8Array<ArrayBuffer> {
    return this.#buffer.slice(0, this.#at);
  }

  item(value: unknown): void {
    switch (typeof value) {
      case 'number':
        if (Number.isSafeInteger(value)) this.#integer(value);
        else this.#float(value);
        return;
      case 'string':
        this.#text(value);
        return;
      case 'boolean':
        this.#byte(value ? 0xf5 : 0xf4);
        return;
      case 'undefined':
        this.#byte(0xf7);
        return;
      case 'object':
        if (value === null) this.#byte(0xf6);
        else if (value instanceof CborFloat) this.#float(value.value);
        else if (Array.isArray(value)) this.#array(value);
        else this.#map(value);
        return;
      case 'bigint':
      case 'function':
      case 'symbol':
        throw new TypeError(`CBOR of a ${typeof value}`);
    }
  }

  #array(items: readonly unknown[]): void {
    this.#head(4, items.length);
    for (const item of items) this.item(item);
  }

  #map(members: object): void {
    const entries = Object.entries(members)
      .filter(([, member]) => member !== undefined)
      .map(([name, member]) => ({ name: utf8.encode(name), member: member as unknown }))
      .toSorted((a, b) => byBytes(a.name, b.name));
    this.#head(5, entries.length);
    for (const { name, member } of entries) {
      this.#head(3, name.length);
      this.#append(name);
      this.item(member);
    }
  }

  #text(text: string): void {
    const bytes = utf8.encode(text);
    this.#head(3, bytes.length);
    this.#append(bytes);
  }

  #integer(value: number): void {
    if (value >= 0) this.#head(0, value);
    else this.#head(1, -1 - value);
  }

  #head(major: number, argument: number): void {
    const type = major << 5;
    if (argument < 24) this.#byte(type | argument);
    else if (argument < 0x100) {
      this.#byte(type | 24);
      this.#byte(argument);
    } else if (argument < 0x1_0000) {
      this.#byte(type | 25);
      const at = this.#room(2);
      this.#view.setUint16(at, argument);
    } else if (argument < 0x1_0000_0000) {
      this.#byte(type | 26);
      const at = this.#room(4);
      this.#view.setUint32(at, argument);
    } else {
      this.#byte(type | 27);
      const at = this.#room(8);
      this.#view.setBigUint64(at, BigInt(argument));
    }
  }

  #float(value: number): void {
    const half = halfBits(value);
    if (half !== undefined) {
      this.#byte(0xf9);
      const at = this.#room(2);
      this.#view.setUint16(at, half);
    } else if (Math.fround(value) === value) {
      this.#byte(0xfa);
      const at = this.#room(4);
      this.#view.setFloat32(at, value);
    } else {
      this.#byte(0xfb);
      const at = this.#room(8);
      this.#view.setFloat64(at, value);
    }
  }

  #byte(byte: number): void {
    const at = this.#room(1);
    this.#buffer[at] = byte;
  }

  #append(bytes: Uint8Array): void {
    const at = this.#room(bytes.length);
    this.#buffer.set(bytes, at);
  }

  /** Makes room for more bytes. @returns the place of the first */
  #room(length: number): number {
    const at = this.#at;
    this.#at += length;
    if (this.#at > this.#buffer.length) {
      const larger = new Uint8Array(Math.max(2 * this.#buffer.length, this.#at));
      larger.set(this.#buffer.subarray(0, at));
      this.#buffer = larger;
      this.#view = new DataView(larger.buffer);
    }
    return at;
  }
}

/** One writer is enough, because writing is synchronous. */
const writer = new CborWriter();

/** Shorter texts come first, because their heads are smaller. */
function byBytes(a: Uint8Array, b: Uint8Array): number {
  if (a.length !== b.length) return a.length - b.length;
  for (const [index, byte] of a.entries()) {
    const difference = byte - (b[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
