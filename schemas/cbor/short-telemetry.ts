import type { DeviceTypeDefinition, ScalarDefinition } from '../device-type-definition.ts';
import { renderValue, type FieldError } from '../field-error.ts';
import { stepsOf } from '../generate/number-steps.ts';
import { limits } from '../limits.ts';
import type { TelemetryFrame } from '../protocol/device-frames.ts';
import { CborFloat } from './cbor-float.ts';

/** What the short forms of `hub.v1.cbor` begin with. */
export const shortCodes = { reading: 1, ack: 2, batch: 3 } as const;

interface ShortField {
  name: string;
  /** An integer stands for so many `unit` / `scale`: whole numbers both, so that the quotient is the nearest double. */
  unit: number;
  scale: number;
  /** An integer stands for one of these. */
  values: readonly string[] | undefined;
}

/** A stream as its short form has it: fields by their place in the device type. */
interface ShortStream {
  name: string;
  fields: readonly ShortField[];
}

/** The streams of a device type, by their place in it. */
export type ShortStreams = readonly ShortStream[];

const known = new WeakMap<DeviceTypeDefinition, ShortStreams>();

export function shortStreamsOf(definition: DeviceTypeDefinition): ShortStreams {
  let streams = known.get(definition);
  if (streams === undefined) {
    streams = Object.entries(definition.streams ?? {}).map(([name, { properties = {} }]) => ({
      name,
      fields: Object.entries(properties).map(([field, schema]) =>
        shortField(field, schema as ScalarDefinition),
      ),
    }));
    known.set(definition, streams);
  }
  return streams;
}

function shortField(name: string, schema: ScalarDefinition): ShortField {
  const { unit = 1, decimals = 0 } = stepsOf(schema) ?? {};
  return { name, unit, scale: 10 ** decimals, values: schema.enum };
}

/** A frame with names, as the JSON frame that says the same; not judged yet. */
export interface ExpandedFrame {
  frame: Record<string, unknown>;
  /** What the frame with names cannot show. */
  fault?: FieldError;
}

/**
 * A short form as the frame it stands for.
 * @param streams undefined: the device type is not known yet, and only the seq is of use
 * @returns undefined for another code
 */
export function expandTelemetry(
  item: readonly unknown[],
  streams: ShortStreams | undefined,
): ExpandedFrame | undefined {
  const code = plain(item[0]);
  if (code !== shortCodes.reading && code !== shortCodes.batch) return undefined;
  const frame: Record<string, unknown> = { type: 'telemetry', seq: plain(item[1]) };
  if (streams === undefined) return { frame, fault: shortFault('a hello before it', 'no device type') };
  const index = typeof item[2] === 'number' ? item[2] : -1;
  const stream = streams[index];
  // No name of a stream begins with #.
  frame['stream'] = stream?.name ?? `#${index}`;
  const isReading = code === shortCodes.reading;
  const more = item[isReading ? 5 : 6];
  if (typeof more === 'object' && more !== null) Object.assign(frame, withoutFloats(more));
  return isReading ? expandReading(frame, stream, item) : expandBatch(frame, stream, item);
}

/** `[1, seq, stream, time, [values], more?]` */
function expandReading(
  frame: Record<string, unknown>,
  stream: ShortStream | undefined,
  [, , , time, values]: readonly unknown[],
): ExpandedFrame {
  if (Array.isArray(time)) frame['up'] = plain(time[0]);
  else frame['ts'] = plain(time);
  if (!Array.isArray(values)) return { frame, fault: shortFault('a list of values', typeof values) };
  const data: Record<string, unknown> = {};
  frame['data'] = data;
  if (stream === undefined) return { frame };
  const { fields } = stream;
  if (values.length > fields.length) return { frame, fault: tooMany(stream, values.length) };
  for (let at = 0; at < values.length; at++) {
    const item: unknown = values[at];
    const field = fields[at];
    if (item !== undefined && field !== undefined) data[field.name] = valueOf(field, item);
  }
  return { frame };
}

/** `[3, seq, stream, n, [times], [columns], more?]` */
function expandBatch(
  frame: Record<string, unknown>,
  stream: ShortStream | undefined,
  item: readonly unknown[],
): ExpandedFrame {
  const n = plain(item[3]);
  if (typeof n !== 'number' || !Number.isInteger(n) || n < 1 || n > limits.samples)
    return { frame, fault: shortFault(`1 to ${limits.samples} readings`, renderValue(n)) };
  const samples: Record<string, unknown>[] = Array.from({ length: n }, () => ({ data: {} }));
  frame['samples'] = samples;
  const fault = putTimes(samples, item[4]);
  if (fault !== undefined || stream === undefined) return fault === undefined ? { frame } : { frame, fault };
  const columns = item[5];
  if (!Array.isArray(columns)) return { frame, fault: shortFault('a list of columns', typeof columns) };
  if (columns.length > stream.fields.length) return { frame, fault: tooMany(stream, columns.length) };
  for (const [at, column] of (columns as unknown[]).entries()) {
    const field = stream.fields[at];
    if (column === undefined || field === undefined) continue;
    if (!Array.isArray(column) || column.length > n)
      return {
        frame,
        fault: shortFault(`a column of at most ${n} values of ${field.name}`, lengthOf(column)),
      };
    putColumn(samples, field, column);
  }
  return { frame };
}

/** The first is a time; each further integer says by how much the time between two has changed. A float is a time. */
function putTimes(samples: Record<string, unknown>[], given: unknown): FieldError | undefined {
  const first: unknown = Array.isArray(given) ? given[0] : undefined;
  const name = Array.isArray(first) ? 'up' : 'ts';
  const times: unknown = Array.isArray(first) ? first : given;
  if (!Array.isArray(times) || times.length === 0 || times.length > samples.length)
    return shortFault(`1 to ${samples.length} times`, lengthOf(times));
  let time = 0;
  let between = 0;
  for (const [at, sample] of samples.entries()) {
    const item: unknown = times[at] ?? 0;
    if (typeof item !== 'number') {
      sample[name] = plain(item);
      continue;
    }
    if (at > 0) between += item;
    time = at === 0 ? item : time + between;
    sample[name] = time;
  }
  return undefined;
}

/** Each integer is the difference from the last one, the first from 0; those that are missing at the end are 0. */
function putColumn(samples: readonly Record<string, unknown>[], field: ShortField, column: unknown[]): void {
  let steps = 0;
  for (const [at, { data }] of samples.entries()) {
    let item: unknown = at < column.length ? column[at] : 0;
    if (typeof item === 'number') {
      steps += item;
      // No number from here on: what is beyond them cannot be counted on from.
      if (!Number.isSafeInteger(steps)) steps = Number.NaN;
      item = steps;
    }
    if (item !== undefined) (data as Record<string, unknown>)[field.name] = valueOf(field, item);
  }
}

function valueOf({ values, unit, scale }: ShortField, item: unknown): unknown {
  if (typeof item === 'number') return values === undefined ? (item * unit) / scale : (values[item] ?? item);
  return plain(item);
}

/** Without `CborFloat`. What is no single value is none of a field, and refused by its schema. */
function plain(item: unknown): unknown {
  if (item instanceof CborFloat) return item.value;
  if (Array.isArray(item)) return item.map(plain);
  if (typeof item !== 'object' || item === null) return item;
  return Object.fromEntries(Object.entries(item).map(([name, member]) => [name, plain(member)]));
}

function withoutFloats(more: object): Record<string, unknown> {
  return Object.fromEntries(
    ['backfill', 'boot'].flatMap((name) =>
      Object.hasOwn(more, name) ? [[name, plain((more as Record<string, unknown>)[name])]] : [],
    ),
  );
}

function tooMany({ name, fields }: ShortStream, got: number): FieldError {
  const expected = `at most ${fields.length} values, in the order of ${name}: ${fields.map((field) => field.name).join(', ')}`;
  return shortFault(expected.slice(0, 200), `${got}`);
}

function lengthOf(value: unknown): string {
  return Array.isArray(value) ? `${value.length}` : typeof value;
}

function shortFault(expected: string, got: string): FieldError {
  return { path: '', keyword: 'cbor', expected, got, in: 'frame' };
}

/**
 * The short form of a telemetry frame, for `writeCbor`.
 * @returns undefined when it has none: something in it has no place in the device type
 */
export function shortenTelemetry(frame: TelemetryFrame, streams: ShortStreams): unknown[] | undefined {
  const { seq, stream: name, samples } = frame;
  const index = streams.findIndex((stream) => stream.name === name);
  const stream = streams[index];
  if (stream === undefined) return undefined;
  const more = moreOf(frame);
  if (samples === undefined) {
    const items = itemsOf(stream, frame.data);
    const time = frame.ts ?? (frame.up === undefined ? undefined : [frame.up]);
    if (items === undefined || time === undefined) return undefined;
    return [shortCodes.reading, seq, index, time, withoutEnd(items, undefined), ...more];
  }
  const times = shortTimes(samples);
  const rows = samples.map(({ data }) => itemsOf(stream, data));
  if (times === undefined || !rows.every((row) => row !== undefined)) return undefined;
  const columns = stream.fields.map((field, at) =>
    shortColumn(
      rows.map((row) => row[at]),
      field,
    ),
  );
  return [shortCodes.batch, seq, index, samples.length, times, withoutEnd(columns, undefined), ...more];
}

function moreOf({ backfill, boot }: TelemetryFrame): object[] {
  if (backfill === undefined && boot === undefined) return [];
  return [{ ...(backfill === undefined ? {} : { backfill }), ...(boot === undefined ? {} : { boot }) }];
}

/** Values in the order of the fields; undefined when there is one without a field. */
function itemsOf({ fields }: ShortStream, data: unknown): unknown[] | undefined {
  if (typeof data !== 'object' || data === null || Array.isArray(data)) return undefined;
  const given = data as Record<string, unknown>;
  const items = fields.map((field) =>
    itemOf(field, Object.hasOwn(given, field.name) ? given[field.name] : undefined),
  );
  const placed = new Set(fields.map((field) => field.name));
  return Object.keys(given).every((name) => placed.has(name)) ? items : undefined;
}

function itemOf({ values, unit, scale }: ShortField, value: unknown): unknown {
  if (typeof value === 'string') {
    const at = values?.indexOf(value) ?? -1;
    return at < 0 ? value : at;
  }
  if (typeof value !== 'number') return value;
  // Of a field with words, a number is none of them.
  if (values !== undefined) return new CborFloat(value);
  const steps = Math.round((value * scale) / unit);
  const isExact = Number.isSafeInteger(steps * unit) && (steps * unit) / scale === value;
  return isExact ? steps : new CborFloat(value);
}

function shortColumn(items: readonly unknown[], { unit, scale }: ShortField): unknown[] | undefined {
  if (items.every((item) => item === undefined)) return undefined;
  let steps = 0;
  const column = items.map((item) => {
    if (typeof item !== 'number') return item;
    const difference = item - steps;
    if (!Number.isSafeInteger(difference)) return new CborFloat((item * unit) / scale);
    steps = item;
    return difference;
  });
  return withoutEnd(column, 0);
}

function shortTimes(samples: TelemetryFrame['samples']): unknown[] | undefined {
  const all = samples ?? [];
  const name = all[0]?.ts === undefined ? 'up' : 'ts';
  const times = all.map((sample) => sample[name]);
  if (!times.every((time) => time !== undefined)) return undefined;
  const items = times.every((time) => Number.isSafeInteger(time))
    ? withoutEnd(changes(times), 0)
    : times.map((time) => new CborFloat(time));
  return name === 'ts' ? items : [items];
}

/** The first time, then by how much the time between two has changed. */
function changes(times: readonly number[]): number[] {
  let last = times[0] ?? 0;
  let between = 0;
  return times.map((time, at) => {
    if (at === 0) return time;
    const change = time - last - between;
    between = time - last;
    last = time;
    return change;
  });
}

/** Without what is `end` at its end, but for the first. */
function withoutEnd<Item>(items: readonly Item[], end: unknown): Item[] {
  return items.slice(0, Math.max(1, items.findLastIndex((item) => item !== end) + 1));
}
