import { escapePointer } from '../json-pointer.ts';
import { CborFloat, halfFloat } from './cbor-float.ts';

/** A fault at one place, with the members of a `FieldError`. */
export interface CborFault {
  path: string;
  keyword: string;
  expected: string;
  got: string;
}

/**
 * Reads CBOR from outside (RFC 8949). As with `readJson`, the result is a JSON value, so that the same checks apply to both.
 * A value that JSON does not have is a fault, and so is a name that occurs twice. Lengths must be definite. Integers and
 * floats may have any width.
 *
 * The reader is our own because libraries silently change data: they take the last of two equal names, put U+FFFD in place
 * of bytes that are not UTF-8, and rename `__proto__`.
 */
export type CborRead =
  | {
      kind: 'read';
      /** In an array, which is a short form, every float is a `CborFloat`, also infinity, and `undefined` is an absent value. */
      value: unknown;
      /** The places that JSON does not have or would lose, as JSON pointers into the value; not given: none. */
      faults?: readonly CborFault[];
    }
  /** Not well-formed, nested too deeply, or without a definite length. */
  | { kind: 'unreadable'; fault: CborFault }
  /** A text is not UTF-8. For a text frame, a WebSocket closes with 1007 then. */
  | { kind: 'bad-utf8' };

/** As for JSON. */
const maxDepth = 64;
const maxFaults = 16;

/** @param bytes may be changed by the caller afterwards */
export function readCbor(bytes: Uint8Array): CborRead {
  const reader = new CborReader(bytes, undefined);
  try {
    const value = reader.whole();
    if (!reader.doubtful) return { kind: 'read', value };
    // Reads once more, slowly, to find the places.
    const faults: CborFault[] = [];
    return { kind: 'read', value: new CborReader(bytes, faults).whole(), faults };
  } catch (error) {
    if (error instanceof Unreadable) return { kind: 'unreadable', fault: error.fault };
    if (error instanceof BadUtf8) return { kind: 'bad-utf8' };
    throw error;
  }
}

class Unreadable extends Error {
  readonly fault: CborFault;

  constructor(fault: CborFault) {
    super('unreadable CBOR');
    this.fault = fault;
  }
}

class BadUtf8 extends Error {}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const scratch = new DataView(new ArrayBuffer(8));

/** A cache, because short texts repeat. Each place has the last text with its hash. */
const knownTexts: ({ bytes: Uint8Array; text: string } | undefined)[] = Array.from({ length: 1_024 });
const longestKnown = 24;

/**
 * The names of a map so far, in order. Devices send the same maps again and again. So the next name is mostly the same as last
 * time, and the search for repeated names is needed only once.
 */
class NameRow {
  readonly name: string;
  readonly isTwice: boolean;
  readonly #bytes: Uint8Array;
  readonly #above: NameRow | undefined;
  readonly #longer = new Map<string, NameRow>();
  #latest: NameRow | undefined;

  constructor(name: string, bytes: Uint8Array, above: NameRow | undefined) {
    this.name = name;
    this.#bytes = bytes;
    this.#above = above;
    this.isTwice = above !== undefined && above.#has(name);
  }

  /** The row with the next name of the last time, if the bytes spell that name. */
  expected(bytes: Uint8Array, from: number, length: number): NameRow | undefined {
    const latest = this.#latest;
    return latest !== undefined && isSame(latest.#bytes, bytes, from, length) ? latest : undefined;
  }

  /** The row with one more name; undefined: there are too many rows to keep another. */
  with(name: string, bytes: () => Uint8Array): NameRow | undefined {
    let longer = this.#longer.get(name);
    if (longer === undefined) {
      if (rows >= mostRows) return undefined;
      rows += 1;
      longer = new NameRow(name, bytes(), this);
      this.#longer.set(name, longer);
    }
    this.#latest = longer;
    return longer;
  }

  #has(name: string): boolean {
    return this.#above !== undefined && (this.name === name || this.#above.#has(name));
  }
}

/** The most rows. A sender that uses them up makes reading slower, but not wrong. */
const mostRows = 4_096;
/** The longest name that is kept, bytes. */
const longestKept = 64;
let rows = 0;
const noNames = new NameRow('', new Uint8Array(), undefined);

class CborReader {
  readonly #bytes: Uint8Array;
  /** The list of faults; undefined: the reader only finds out whether there are any. */
  readonly #faults: CborFault[] | undefined;
  readonly #isShort: boolean;
  #at = 0;
  #depth = 0;
  doubtful = false;

  constructor(bytes: Uint8Array, faults: CborFault[] | undefined) {
    this.#bytes = bytes;
    this.#faults = faults;
    this.#isShort = (bytes[0] ?? 0) >> 5 === 4;
  }

  whole(): unknown {
    if (this.#bytes.length === 0) this.#fail('a CBOR map', 'nothing');
    const value = this.#item('');
    const left = this.#bytes.length - this.#at;
    if (left > 0) this.#fail('one CBOR item and nothing after it', `${left} more bytes`);
    return value;
  }

  /** @param path the place of the item; '' while faults are not listed */
  #item(path: string): unknown {
    const head = this.#byte();
    const info = head & 0x1f;
    switch (head >> 5) {
      case 0:
        return this.#argument(info);
      case 1:
        return this.#negative(info);
      case 2:
        this.#skip(this.#length(info, 1));
        return this.#noJson(path, 'a byte string');
      case 3:
        return this.#text(this.#length(info, 1));
      case 4:
        return this.#array(this.#length(info, 1), path);
      case 5:
        return this.#map(this.#length(info, 2), path);
      case 6:
        return this.#tagged(info, path);
      default:
        return this.#simple(info, path);
    }
  }

  #byte(): number {
    const byte = this.#bytes[this.#at];
    if (byte === undefined) this.#endsEarly();
    this.#at += 1;
    return byte;
  }

  /** The argument of a head (RFC 8949 §3). */
  #argument(info: number): number {
    if (info < 24) return info;
    if (info === 24) return this.#byte();
    if (info === 25) return this.#uint16();
    if (info === 26) return this.#uint32();
    // Rounds only once, to the nearest double, as JSON.parse does.
    if (info === 27) return this.#uint32() * 0x1_0000_0000 + this.#uint32();
    return this.#reserved(info);
  }

  #uint16(): number {
    return this.#byte() * 0x100 + this.#byte();
  }

  /** Checks bounds once for all four bytes: most numbers of a reading are floats, with two of these each. */
  #uint32(): number {
    const bytes = this.#bytes;
    const at = this.#at;
    if (at + 4 > bytes.length) this.#endsEarly();
    this.#at = at + 4;
    return (
      (bytes[at] ?? 0) * 0x100_0000 +
      (((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0))
    );
  }

  #negative(info: number): number {
    if (info !== 27) return -1 - this.#argument(info);
    const high = this.#uint32();
    const low = this.#uint32();
    if (high < 0x20_0000) return -1 - (high * 0x1_0000_0000 + low);
    return Number(-1n - (BigInt(high) * 0x1_0000_0000n + BigInt(low)));
  }

  #reserved(info: number): never {
    const place = `byte ${this.#at - 1}`;
    if (info === 31) return this.#fail('definite lengths (RFC 8949 §4.2.1)', `an indefinite one in ${place}`);
    return this.#fail('well-formed CBOR (RFC 8949 §3)', `a reserved value in ${place}`);
  }

  /** @param least the fewest bytes that each item takes */
  #length(info: number, least: number): number {
    const length = this.#argument(info);
    const left = this.#bytes.length - this.#at;
    // Must come before anything is allocated: a frame of a few bytes may claim to have billions of items.
    if (length * least > left) this.#fail('a whole CBOR item', `${left} bytes for ${length} of them`);
    return length;
  }

  #skip(length: number): void {
    this.#at += length;
  }

  #text(length: number): string {
    const from = this.#at;
    const to = from + length;
    this.#at = to;
    const bytes = this.#bytes;
    if (length > longestKnown) return decodeUtf8(bytes.subarray(from, to));
    if (length === 0) return '';
    let place = length;
    for (let at = from; at < to; at++) place = (place * 31 + (bytes[at] ?? 0)) & 0x3ff;
    const known = knownTexts[place];
    if (known !== undefined && isSame(known.bytes, bytes, from, length)) return known.text;
    const own = bytes.slice(from, to);
    const text = decodeUtf8(own);
    knownTexts[place] = { bytes: own, text };
    return text;
  }

  #array(length: number, path: string): unknown[] {
    this.#enter();
    const items: unknown[] = [];
    for (let index = 0; index < length; index++) items.push(this.#item(this.#below(path, index)));
    this.#depth -= 1;
    return items;
  }

  #map(count: number, path: string): object {
    this.#enter();
    const members: Record<string, unknown> = {};
    let row: NameRow | undefined = noNames;
    for (let index = 0; index < count; index++) {
      const head = this.#byte();
      if (head >> 5 !== 3) this.#fail('a map whose names are texts', `another name in byte ${this.#at - 1}`);
      const length = this.#length(head & 0x1f, 1);
      const from = this.#at;
      const expected = row?.expected(this.#bytes, from, length);
      let name = '';
      if (expected === undefined) {
        name = this.#text(length);
        const own = (): Uint8Array => this.#bytes.slice(from, from + length);
        row = length > longestKept ? undefined : row?.with(name, own);
      } else {
        row = expected;
        ({ name } = expected);
        this.#skip(length);
      }
      const at = this.#below(path, name);
      if (row?.isTwice ?? Object.hasOwn(members, name)) this.#fault(at, 'name', 'given once', 'given twice');
      const value = this.#item(at);
      if (value === undefined) this.#noJson(at, 'undefined');
      else if (name === '__proto__') define(members, name, value);
      else members[name] = value;
    }
    this.#depth -= 1;
    return members;
  }

  #tagged(info: number, path: string): null {
    const tag = this.#argument(info);
    this.#noJson(path, `a value with tag ${tag}`);
    this.#enter();
    this.#item(path);
    this.#depth -= 1;
    return null;
  }

  #simple(info: number, path: string): unknown {
    if (info === 20 || info === 21) return info === 21;
    if (info === 22) return null;
    if (info === 23) return this.#isShort ? undefined : this.#noJson(path, 'undefined');
    if (info === 25) return this.#float(halfFloat(this.#uint16()), path);
    if (info === 26) {
      scratch.setUint32(0, this.#uint32());
      return this.#float(scratch.getFloat32(0), path);
    }
    if (info === 27) {
      scratch.setUint32(0, this.#uint32());
      scratch.setUint32(4, this.#uint32());
      return this.#float(scratch.getFloat64(0), path);
    }
    if (info > 27) return this.#reserved(info);
    const value = this.#argument(info);
    if (info === 24 && value < 32) return this.#reserved(28);
    return this.#noJson(path, `simple value ${value}`);
  }

  #float(value: number, path: string): unknown {
    if (this.#isShort) return new CborFloat(value);
    return Number.isFinite(value) ? value : this.#noJson(path, String(value), 'a finite number');
  }

  #enter(): void {
    this.#depth += 1;
    if (this.#depth > maxDepth) {
      const { length } = this.#bytes;
      throw new Unreadable(faultOf('', 'depth', `at most ${maxDepth} levels`, `${length} bytes of CBOR`));
    }
  }

  #below(path: string, name: string | number): string {
    if (this.#faults === undefined) return '';
    return `${path}/${typeof name === 'number' ? name : escapePointer(name)}`;
  }

  #noJson(path: string, got: string, expected = 'a value that JSON has'): null {
    this.#fault(path, 'type', expected, got);
    return null;
  }

  #fault(path: string, keyword: string, expected: string, got: string): void {
    this.doubtful = true;
    if (this.#faults !== undefined && this.#faults.length < maxFaults)
      this.#faults.push(faultOf(path, keyword, expected, got));
  }

  #endsEarly(): never {
    this.#fail('a whole CBOR item', `an end after ${this.#bytes.length} bytes`);
  }

  #fail(expected: string, got: string): never {
    throw new Unreadable(faultOf('', 'cbor', expected, got));
  }
}

function faultOf(path: string, keyword: string, expected: string, got: string): CborFault {
  return { path, keyword, expected, got };
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw new BadUtf8();
  }
}

function isSame(known: Uint8Array, bytes: Uint8Array, from: number, length: number): boolean {
  if (known.length !== length) return false;
  for (let index = 0; index < length; index++) if (known[index] !== bytes[from + index]) return false;
  return true;
}

/** Defines the member, as JSON.parse does: assigning `__proto__` would set the prototype. */
function define(members: object, name: string, value: unknown): void {
  Object.defineProperty(members, name, { value, enumerable: true, configurable: true, writable: true });
}

/** The diagnostic notation (RFC 8949 §8) of a value that `readCbor` has read, for people. */
export function cborText(value: unknown): string {
  if (value === undefined) return 'undefined';
  if (value instanceof CborFloat)
    return Number.isInteger(value.value) ? `${value.value}.0` : `${value.value}`;
  if (Array.isArray(value)) return `[${value.map(cborText).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  return `{${Object.entries(value)
    .map(([name, member]) => `${JSON.stringify(name)}: ${cborText(member)}`)
    .join(', ')}}`;
}
