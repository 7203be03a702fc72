import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { decodeColumn, decodePresence, encodeColumn, type Cell } from './column.ts';
import type { FieldValue } from './line-decoder.ts';

export interface Point {
  /** Unix time, µs. */
  timeUs: number;
  fields: Readonly<Record<string, FieldValue>>;
}

/** Many points of one series, column by column. */
export interface Columns {
  timesUs: ArrayLike<number>;
  /** The fields that were asked for, as far as any point has them. */
  fields: ReadonlyMap<string, ArrayLike<Cell>>;
}

interface Header {
  count: number;
  /** Lengths in bytes: the column of times first, then the column of each field. */
  sizes: number[];
  names: string[];
}

/**
 * Writes points of one series, in order of time, as one compressed body: the length of the header (four bytes,
 * little-endian), the header as JSON, the column of times, and a column for each field.
 */
export function encodeChunk(points: readonly Point[]): Uint8Array {
  const names = [...new Set(points.flatMap(({ fields }) => Object.keys(fields)))].toSorted();
  const columns = [
    encodeColumn(points.map(({ timeUs }) => timeUs)),
    ...names.map((name) => encodeColumn(points.map(({ fields }) => cellOf(fields, name)))),
  ];
  const header: Header = { count: points.length, sizes: columns.map(({ length }) => length), names };
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(text.length);
  return deflateRawSync(Buffer.concat([length, text, ...columns]));
}

/** What to decode of a chunk. */
export interface Wanted {
  names: ReadonlySet<string>;
  /** The caller needs to know only whether there is a value; 1 takes its place. */
  presence: boolean;
}

/** @param wanted not given: all fields with their values */
export function decodeChunk(body: Uint8Array, wanted?: Wanted): Columns {
  const decode = wanted?.presence === true ? decodePresence : decodeColumn;
  const bytes = inflateRawSync(body);
  let at = 4 + bytes.readUInt32LE(0);
  const { count, sizes, names } = JSON.parse(bytes.toString('utf8', 4, at)) as Header;
  const next = (size = 0): Uint8Array => bytes.subarray(at, (at += size));
  const timesUs = decodeColumn(next(sizes[0]), count) as ArrayLike<number>;
  const fields = new Map<string, ArrayLike<Cell>>();
  for (const [index, name] of names.entries()) {
    const column = next(sizes[index + 1]);
    if (wanted?.names.has(name) !== false) fields.set(name, decode(column, count));
  }
  return { timesUs, fields };
}

export function pointsOf({ timesUs, fields }: Columns): Point[] {
  return Array.from(timesUs, (timeUs, index) => {
    const own = Object.create(null) as Record<string, FieldValue>;
    for (const [name, cells] of fields) {
      const cell = cells[index];
      if (cell !== undefined) own[name] = cell;
    }
    return { timeUs, fields: own };
  });
}

/** The value of a field, whatever its name. */
export function cellOf(fields: Point['fields'], name: string): Cell {
  return Object.hasOwn(fields, name) ? fields[name] : undefined;
}
