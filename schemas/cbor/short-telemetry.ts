import type { TelemetryFrame } from '../protocol/device-frames.ts';
import { CborFloat } from './cbor-float.ts';

/** The first item of each short form of `hub.v1.cbor`. */
export const shortCodes = { reading: 1, ack: 2, batch: 3 } as const;

export interface ShortField {
  name: string;
  /** An integer is a multiple of `unit` / `scale`. Both are whole numbers, so that the quotient is the nearest double. */
  unit: number;
  scale: number;
  /** An integer is an index into these. */
  values?: readonly string[] | undefined;
}

/** A stream in its short form: fields by their place in the device type. */
export interface ShortStream {
  name: string;
  fields: readonly ShortField[];
}

/** The streams of a device type, by their place in it. */
export type ShortStreams = readonly ShortStream[];

/** The layout with which a device was built; generated code contains it. */
export interface ShortLayout {
  /** The text of `hello.layout`, which the hub compares with its own. */
  fingerprint: string;
  streams: ShortStreams;
}

/**
 * The short form of a telemetry frame, for `writeCbor`.
 * @returns undefined when something in the frame has no place in the device type
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

/** The values in the order of the fields; undefined when a value has no field. */
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
  // The field takes words, so a number cannot be an index and must be written as a float.
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

/** The first time, and then the changes of the interval between two times. */
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

/** Drops items equal to `end` from the end, but keeps the first item. */
function withoutEnd<Item>(items: readonly Item[], end: unknown): Item[] {
  return items.slice(0, Math.max(1, items.findLastIndex((item) => item !== end) + 1));
}
