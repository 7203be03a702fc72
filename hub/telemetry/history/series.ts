import type { DeviceSeries } from '../../../schemas/api/telemetry/readings.ts';
import { cutText } from '../../../schemas/cut-text.ts';
import type { FieldSpec, StreamType } from '../../../schemas/index.ts';
import { invalidInput, type HubError } from '../../kernel/errors.ts';
import type { MetricsReader, SeriesBucket, SeriesQuery, Summary } from '../store.ts';
import { streamOf, type TypeOf } from '../stream-of.ts';

export interface DeviceSeriesQuery {
  device: string;
  stream: string;
  /** Unix ms, inclusive. */
  fromMs: number;
  /** Unix ms, exclusive. */
  toMs: number;
  /** All that are numbers or booleans when not given. */
  fields?: readonly string[];
  /** The maximum number of buckets; 2 or more. */
  points: number;
}

const minuteMs = 60_000;

/**
 * Series of one device's stream, thinned in the store. From steps of a minute on, what the points no longer hold
 * comes from the one-minute roll-ups.
 * @returns a function that throws HubError `device-unknown`, `type-unknown`, `input-invalid` (stream, field, range) or `store-unavailable`
 */
export function createSeries(deps: {
  store: Pick<MetricsReader, 'series' | 'rolledSeries'>;
  typeOf: TypeOf;
}): (query: DeviceSeriesQuery) => Promise<DeviceSeries> {
  const { store, typeOf } = deps;
  return async ({ device, stream, fromMs, toMs, fields, points }) => {
    const type = streamOf(typeOf, device, stream);
    if (toMs <= fromMs) throw invalid('toMs', `a time after fromMs (${fromMs})`, String(toMs));
    const chosen = fieldsOf(type, fields);
    const stepMs = stepOf(fromMs, toMs, points);
    const query: SeriesQuery = {
      measurement: type.measurement,
      device,
      fields: chosen,
      fromMs,
      toMs,
      stepMs,
    };
    const raw = await store.series(query);
    const rolled = stepMs < minuteMs ? [] : await store.rolledSeries(query);
    return { fromMs, toMs, stepMs, ...columnsOf(merge(raw, rolled), chosen) };
  };
}

/** The narrowest step at which the range touches no more than `points` buckets; whole minutes where it is that wide. */
export function stepOf(fromMs: number, toMs: number, points: number): number {
  const touched = (stepMs: number): number => Math.ceil(toMs / stepMs) - Math.floor(fromMs / stepMs);
  const step = roundUp((toMs - fromMs) / points);
  // Buckets begin at fixed times, so the range may touch one more bucket than its length.
  return touched(step) <= points ? step : roundUp((toMs - fromMs) / (points - 1));
}

function roundUp(stepMs: number): number {
  const whole = Math.max(1, Math.ceil(stepMs));
  return whole < minuteMs ? whole : Math.ceil(whole / minuteMs) * minuteMs;
}

/** For each bucket and field, the summary with more points. The other has lost some, or has not seen them yet. */
function merge(raw: readonly SeriesBucket[], rolled: readonly SeriesBucket[]): SeriesBucket[] {
  if (rolled.length === 0) return [...raw];
  const byTime = new Map<number, Record<string, Summary>>();
  for (const { timeMs, fields } of [...raw, ...rolled]) {
    const known = byTime.get(timeMs) ?? {};
    byTime.set(timeMs, known);
    for (const [name, summary] of Object.entries(fields)) {
      if (summary.count > (known[name]?.count ?? 0)) known[name] = summary;
    }
  }
  const buckets = [...byTime].map(([timeMs, fields]) => ({ timeMs, fields }));
  return buckets.toSorted((a, b) => a.timeMs - b.timeMs);
}

function columnsOf(
  buckets: readonly SeriesBucket[],
  fields: SeriesQuery['fields'],
): Pick<DeviceSeries, 'times' | 'fields'> {
  const column = (name: string, sum: 'mean' | 'min' | 'max'): (number | null)[] =>
    buckets.map((bucket) => bucket.fields[name]?.[sum] ?? null);
  return {
    times: buckets.map(({ timeMs }) => timeMs),
    fields: Object.fromEntries(
      fields.map(({ name }) => [
        name,
        {
          mean: column(name, 'mean'),
          min: column(name, 'min'),
          max: column(name, 'max'),
          count: buckets.map((bucket) => bucket.fields[name]?.count ?? 0),
        },
      ]),
    ),
  };
}

function fieldsOf(type: StreamType, names: readonly string[] | undefined): SeriesQuery['fields'] {
  const numeric = type.fields.filter(isNumeric);
  if (names === undefined) return numeric;
  return [...new Set(names)].map((name) => {
    const field = numeric.find((each) => each.name === name);
    if (field === undefined) {
      const known = numeric.map((each) => each.name).join(', ');
      throw invalid('fields', `numbers or booleans of the stream: ${known}`, name);
    }
    return field;
  });
}

function isNumeric(field: FieldSpec): field is FieldSpec & { kind: 'float' | 'integer' | 'boolean' } {
  return !field.tag && field.kind !== 'string';
}

function invalid(name: string, expected: string, got: string): HubError {
  return invalidInput({ path: `/${name}`, keyword: 'format', expected, got: cutText(got, 64) });
}
