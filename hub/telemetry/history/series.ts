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
  /** Without the lowest and the highest values. */
  meansOnly?: boolean | undefined;
}

const minuteMs = 60_000;
/** Ranges that are read one after the other: each costs a round trip. */
const maxSpans = 8;

/** What can be drawn. */
type ChartField = FieldSpec & SeriesQuery['fields'][number];
type ChartQuery = Omit<SeriesQuery, 'fields'> & { fields: readonly ChartField[] };

type SeriesStore = Pick<MetricsReader, 'series' | 'rolledSeries' | 'seriesCounts'>;

/**
 * Series of one device's stream, thinned in the store. From steps of a minute on, what the points no longer hold
 * comes from the one-minute roll-ups.
 * @returns a function that throws HubError `device-unknown`, `type-unknown`, `input-invalid` (stream, field, range) or `store-unavailable`
 */
export function createSeries(deps: {
  store: SeriesStore;
  typeOf: TypeOf;
}): (query: DeviceSeriesQuery) => Promise<DeviceSeries> {
  const { store, typeOf } = deps;
  return async ({ device, stream, fromMs, toMs, fields, points, meansOnly }) => {
    const type = streamOf(typeOf, device, stream);
    if (toMs <= fromMs) throw invalid('toMs', `a time after fromMs (${fromMs})`, String(toMs));
    const chosen = fieldsOf(type, fields);
    const stepMs = stepOf(fromMs, toMs, points);
    const query: ChartQuery = {
      measurement: type.measurement,
      device,
      fields: chosen,
      fromMs,
      toMs,
      stepMs,
      meansOnly,
    };
    const buckets = stepMs < minuteMs ? await store.series(query) : await wideSeries(store, query, type);
    return { fromMs, toMs, stepMs, ...columnsOf(buckets, query) };
  };
}

/**
 * The roll-ups, and the points where there are more of those: the last minutes, what came late, and booleans. To count the points
 * by a field that each of them has costs a store a quarter of summarising one field.
 */
async function wideSeries(
  store: SeriesStore,
  query: ChartQuery,
  stream: StreamType,
): Promise<SeriesBucket[]> {
  const numeric = query.fields.filter(isNumber);
  const booleans = query.fields.filter((field) => !isNumber(field));
  if (numeric.length === 0) return store.series(query);
  const always = (field: FieldSpec): boolean => field.always === true && isNumber(field);
  const inEach = numeric.find(always) ?? stream.fields.filter(canBeDrawn).find(always);
  const counted = inEach === undefined ? numeric : [inEach];
  const rolled = await store.rolledSeries({ ...query, fields: [...new Set([...numeric, ...counted])] });
  // Nobody makes them, or not yet.
  if (rolled.length === 0) return store.series(query);
  const points = booleans.length === 0 ? [] : await store.series({ ...query, fields: booleans });
  const counts = await store.seriesCounts({ ...query, fields: counted });
  const known = new Map(rolled.map((bucket) => [bucket.timeMs, bucket.fields]));
  const lacking = counts.filter(({ timeMs, fields }) =>
    Object.entries(fields).some(([name, count]) => count > (known.get(timeMs)?.[name]?.count ?? 0)),
  );
  for (const span of spansOf(lacking, query))
    points.push(...(await store.series({ ...query, ...span, fields: numeric })));
  const asked = new Set(query.fields.map(({ name }) => name));
  return merge(points, rolled).filter(({ fields }) => Object.keys(fields).some((name) => asked.has(name)));
}

/** Neighbouring buckets as one range; when these are many, one range over all. */
function spansOf(
  buckets: readonly { timeMs: number }[],
  { fromMs, toMs, stepMs }: SeriesQuery,
): { fromMs: number; toMs: number }[] {
  const spans: { fromMs: number; toMs: number }[] = [];
  for (const { timeMs } of buckets) {
    const span = { fromMs: Math.max(fromMs, timeMs), toMs: Math.min(toMs, timeMs + stepMs) };
    const last = spans.at(-1);
    if (last?.toMs === span.fromMs) last.toMs = span.toMs;
    else spans.push(span);
  }
  const [first, last] = [spans[0], spans.at(-1)];
  if (first === undefined || last === undefined || spans.length <= maxSpans) return spans;
  return [{ fromMs: first.fromMs, toMs: last.toMs }];
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
  { fields, meansOnly = false }: SeriesQuery,
): Pick<DeviceSeries, 'times' | 'fields'> {
  const column = (name: string, sum: 'mean' | 'min' | 'max'): (number | null)[] =>
    buckets.map((bucket) => bucket.fields[name]?.[sum] ?? null);
  const edge = (name: string, sum: 'min' | 'max'): (number | null)[] => (meansOnly ? [] : column(name, sum));
  return {
    times: buckets.map(({ timeMs }) => timeMs),
    fields: Object.fromEntries(
      fields.map(({ name }) => [
        name,
        {
          mean: column(name, 'mean'),
          min: edge(name, 'min'),
          max: edge(name, 'max'),
          count: buckets.map((bucket) => bucket.fields[name]?.count ?? 0),
        },
      ]),
    ),
  };
}

function fieldsOf(type: StreamType, names: readonly string[] | undefined): readonly ChartField[] {
  const drawn = type.fields.filter(canBeDrawn);
  if (names === undefined) return drawn;
  return [...new Set(names)].map((name) => {
    const field = drawn.find((each) => each.name === name);
    if (field === undefined) {
      const known = drawn.map((each) => each.name).join(', ');
      throw invalid('fields', `numbers or booleans of the stream: ${known}`, name);
    }
    return field;
  });
}

function isNumber({ kind }: FieldSpec): boolean {
  return kind === 'float' || kind === 'integer';
}

function canBeDrawn(field: FieldSpec): field is ChartField {
  return !field.tag && field.kind !== 'string';
}

function invalid(name: string, expected: string, got: string): HubError {
  return invalidInput({ path: `/${name}`, keyword: 'format', expected, got: cutText(got, 64) });
}
