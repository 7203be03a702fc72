import { cutText } from '../cut-text.ts';
import { renderValue, type FieldError } from '../field-error.ts';
import { limits } from '../limits.ts';
import { CborFloat } from './cbor-float.ts';
import { shortCodes, type ShortField, type ShortStream, type ShortStreams } from './short-telemetry.ts';

/** A frame with names, as in the equivalent JSON frame; not checked yet. */
export interface ExpandedFrame {
  frame: Record<string, unknown>;
  /** A fault that the frame with names cannot show. */
  fault?: FieldError;
}

/**
 * Expands a short form into its frame.
 * @param streams undefined: the layout is not known, so only the seq can be used
 * @returns undefined when the code is not known
 */
export function expandTelemetry(
  item: readonly unknown[],
  streams: ShortStreams | undefined,
): ExpandedFrame | undefined {
  const code = plain(item[0]);
  if (code !== shortCodes.reading && code !== shortCodes.batch) return undefined;
  const frame: Record<string, unknown> = { type: 'telemetry', seq: plain(item[1]) };
  if (streams === undefined) return { frame, fault: shortFault('a hello with `layout` before it', 'none') };
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

/** The first item is a time. Each further integer is the change of the interval between two times. A float is a time. */
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

/** Each integer is the difference to the one before, the first to 0. Items missing at the end are 0. */
function putColumn(samples: readonly Record<string, unknown>[], field: ShortField, column: unknown[]): void {
  let steps = 0;
  for (const [at, { data }] of samples.entries()) {
    let item: unknown = at < column.length ? column[at] : 0;
    if (typeof item === 'number') {
      steps += item;
      // Beyond the safe integers differences are not exact: no number from here on.
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

/** The value without `CborFloat`. An array or object stays as it is, and the field's schema refuses it. */
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
  return shortFault(cutText(expected, 200), `${got}`);
}

function lengthOf(value: unknown): string {
  return Array.isArray(value) ? `${value.length}` : typeof value;
}

function shortFault(expected: string, got: string): FieldError {
  return { path: '', keyword: 'cbor', expected, got, in: 'frame' };
}
