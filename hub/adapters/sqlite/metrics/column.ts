import type { FieldValue } from './line-decoder.ts';

/** A field's value at one of many points; undefined where the point does not have the field. */
export type Cell = FieldValue | undefined;

/** How the present cells are encoded. The numbers are on disk. */
const kinds = { json: 0, decimals: 1, doubles: 2, booleans: 3 } as const;
/** Values are whole numbers × 10^(−exponent). −3 is for milliseconds counted in µs, the others for decimals of sensors. */
const exponents = [-3, 0, 1, 2, 3, 4, 5, 6] as const;
/** Up to this size, differences of differences are still exact. */
const largestUnits = 2 ** 50;

/**
 * Encodes the values of one field in few bytes. Numbers become differences, in units of their last decimal. When those
 * change little, as with times, they become differences of differences. Decoding returns every value bit for bit.
 */
export function encodeColumn(cells: readonly Cell[]): Uint8Array {
  const present = cells.filter((cell) => cell !== undefined);
  const bytes: number[] = [];
  if (present.length === cells.length) bytes.push(1);
  else bytes.push(0, ...bitsOf(cells.map((cell) => cell !== undefined)));
  if (present.every((cell) => typeof cell === 'boolean')) bytes.push(kinds.booleans, ...bitsOf(present));
  else if (present.every((cell) => typeof cell === 'number')) encodeNumbers(present, bytes);
  else bytes.push(kinds.json, ...Buffer.from(JSON.stringify(present)));
  return Uint8Array.from(bytes);
}

/** @param count the number of cells that were encoded */
export function decodeColumn(bytes: Uint8Array, count: number): ArrayLike<Cell> {
  if (bytes[0] === 1) return decodePresent(bytes[1], bytes.subarray(2), count);
  const bitmap = 1 + Math.ceil(count / 8);
  const isPresent = readBits(bytes.subarray(1, bitmap), count);
  const size = isPresent.filter(Boolean).length;
  const present = decodePresent(bytes[bitmap], bytes.subarray(bitmap + 1), size);
  let at = 0;
  return isPresent.map((there) => (there ? present[at++] : undefined));
}

/** As `decodeColumn`, but with 1 in place of each value, which is cheaper. */
export function decodePresence(bytes: Uint8Array, count: number): ArrayLike<Cell> {
  if (bytes[0] === 1) return new Uint8Array(count).fill(1);
  const isPresent = readBits(bytes.subarray(1, 1 + Math.ceil(count / 8)), count);
  return isPresent.map((there) => (there ? 1 : undefined));
}

function decodePresent(kind: number | undefined, bytes: Uint8Array, count: number): ArrayLike<Cell> {
  switch (kind) {
    case kinds.json:
      return JSON.parse(Buffer.from(bytes).toString()) as Cell[];
    case kinds.booleans:
      return readBits(bytes, count);
    case kinds.doubles: {
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      return Float64Array.from({ length: count }, (_, index) => view.getFloat64(index * 8, true));
    }
    case kinds.decimals:
      return decodeDecimals(bytes, count);
    case undefined:
    default:
      throw new Error(`unknown kind of column: ${kind}`);
  }
}

function encodeNumbers(values: readonly number[], bytes: number[]): void {
  for (const exponent of exponents) {
    const units = unitsOf(values, exponent);
    if (units === undefined) continue;
    const [once, twice] = [differences(units), differences(differences(units))].map(zigzagVarints);
    const isShorter = twice !== undefined && once !== undefined && twice.length < once.length;
    bytes.push(kinds.decimals, exponent & 0xff, isShorter ? 2 : 1);
    for (const byte of (isShorter ? twice : once) ?? []) bytes.push(byte);
    return;
  }
  bytes.push(kinds.doubles, ...new Uint8Array(Float64Array.from(values).buffer));
}

function decodeDecimals(bytes: Uint8Array, count: number): Float64Array {
  const exponent = ((bytes[0] ?? 0) << 24) >> 24;
  const power = 10 ** Math.abs(exponent);
  const values = readZigzagVarints(bytes.subarray(2), count);
  for (let times = bytes[1] ?? 1; times > 0; times -= 1) {
    let sum = 0;
    for (let at = 0; at < count; at += 1) values[at] = sum += values[at] ?? 0;
  }
  if (exponent === 0) return values;
  for (let at = 0; at < count; at += 1) {
    const units = values[at] ?? 0;
    values[at] = exponent < 0 ? units * power : units / power;
  }
  return values;
}

/** @returns the values as whole numbers of units; undefined when a value is not exactly a whole number of them */
function unitsOf(values: readonly number[], exponent: number): number[] | undefined {
  const power = 10 ** Math.abs(exponent);
  const units: number[] = [];
  for (const value of values) {
    const whole = Math.round(exponent < 0 ? value / power : value * power);
    const back = exponent < 0 ? whole * power : whole / power;
    if (!Object.is(back, value) || Math.abs(whole) > largestUnits) return undefined;
    units.push(whole);
  }
  return units;
}

/** The first number stays as it is. */
function differences(values: readonly number[]): number[] {
  return values.map((value, index) => value - (values[index - 1] ?? 0));
}

/** Seven bits per byte, lowest first, the sign in the lowest bit (`sint64` of Protocol Buffers). */
function zigzagVarints(values: readonly number[]): number[] {
  const bytes: number[] = [];
  for (const value of values) {
    let rest = value < 0 ? -value * 2 - 1 : value * 2;
    while (rest >= 128) {
      bytes.push((rest % 128) | 128);
      rest = Math.floor(rest / 128);
    }
    bytes.push(rest);
  }
  return bytes;
}

function readZigzagVarints(bytes: Uint8Array, count: number): Float64Array {
  const values = new Float64Array(count);
  let at = 0;
  for (let index = 0; index < count; index += 1) {
    let byte = bytes[at++] ?? 0;
    let value = byte & 127;
    for (let scale = 128; byte >= 128; scale *= 128) {
      byte = bytes[at++] ?? 0;
      value += (byte & 127) * scale;
    }
    values[index] = value % 2 === 1 ? -(value + 1) / 2 : value / 2;
  }
  return values;
}

function bitsOf(truths: readonly boolean[]): Uint8Array {
  const bytes = new Uint8Array(Math.ceil(truths.length / 8));
  for (const [index, truth] of truths.entries())
    if (truth) bytes[index >> 3] = (bytes[index >> 3] ?? 0) | (1 << (index & 7));
  return bytes;
}

function readBits(bytes: Uint8Array, count: number): boolean[] {
  return Array.from({ length: count }, (_, index) => (((bytes[index >> 3] ?? 0) >> (index & 7)) & 1) === 1);
}
