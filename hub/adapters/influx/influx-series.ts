import type {
  BucketCounts,
  MetricsReader,
  SeriesBucket,
  SeriesQuery,
  Summary,
} from '../../telemetry/store.ts';
import { isoTime, type InfluxQueries, type InfluxRow, type QueryParameter } from './influx-queries.ts';
import { rollUpOf } from '../roll-up-name.ts';

/** Fields in one query: the URL of a request has a limit. */
const fieldsAtOnce = 16;

const where = 'WHERE device = $device AND time >= $from AND time < $to';
const grouped = 'GROUP BY time($step) fill(none)';

type Field = SeriesQuery['fields'][number];
type Parameters = Record<string, QueryParameter>;

/** Summaries by bucket, calculated by InfluxDB (InfluxQL `GROUP BY time`). */
export function influxSeries(
  queries: InfluxQueries,
): Pick<MetricsReader, 'series' | 'rolledSeries' | 'seriesCounts'> {
  return {
    async series(query) {
      const buckets = new Buckets();
      const numeric = query.fields.filter(({ kind }) => kind !== 'boolean');
      for (const fields of chunks(numeric)) {
        const columns = fields.map(
          (_, at) =>
            `mean($f${at}) AS mean${at}, count($f${at}) AS count${at}${edgesOf(query, `$f${at}`, `$f${at}`, at)}`,
        );
        const rows = await queries.run(`SELECT ${columns.join(', ')} FROM $source ${where} ${grouped}`, {
          ...rangeOf(query),
          ...named('f', fields, ({ name }) => name),
        });
        buckets.add(rows, fields, 'mean');
      }
      for (const field of query.fields)
        if (field.kind === 'boolean') await addBoolean(queries, buckets, query, field);
      return buckets.inOrder();
    },

    seriesCounts: (query) => countsOf(queries, query),

    async rolledSeries(query) {
      const numeric = query.fields.filter(({ kind }) => kind !== 'boolean');
      const { buckets, unsummed } = await fromSums(queries, { ...query, fields: numeric });
      const [first, last] = [unsummed[0], unsummed.at(-1)];
      if (first === undefined || last === undefined) return buckets.inOrder();
      const fromMs = Math.max(query.fromMs, first / 1000);
      const toMs = Math.min(query.toMs, last / 1000 + query.stepMs);
      await addFromMeans(queries, buckets, { ...query, fields: numeric, fromMs, toMs });
      return buckets.inOrder();
    },
  };
}

/** Of a field, where they are asked for: each costs InfluxDB as much as a sum. */
function edgesOf({ meansOnly = false }: SeriesQuery, min: string, max: string, at: number): string {
  return meansOnly ? '' : `, min(${min}) AS min${at}, max(${max}) AS max${at}`;
}

/** How many values each bucket has. */
async function countsOf(queries: InfluxQueries, query: SeriesQuery): Promise<BucketCounts[]> {
  const byTime = new Map<number, BucketCounts>();
  for (const fields of chunks(query.fields)) {
    const columns = fields.map((_, at) => `count($f${at}) AS count${at}`);
    const rows = await queries.run(`SELECT ${columns.join(', ')} FROM $source ${where} ${grouped}`, {
      ...rangeOf(query),
      ...named('f', fields, ({ name }) => name),
    });
    for (const row of rows) {
      const bucket = byTime.get(row.timeUs) ?? { timeMs: row.timeUs / 1000, fields: {} };
      byTime.set(row.timeUs, bucket);
      for (const [at, { name }] of fields.entries()) {
        const count = numberOf(row, `count${at}`);
        if (count > 0) bucket.fields[name] = count;
      }
    }
  }
  return [...byTime.values()].toSorted((a, b) => a.timeMs - b.timeMs);
}

/** @returns `unsummed`: the times (µs) of buckets in which some minute has no sum */
async function fromSums(
  queries: InfluxQueries,
  query: SeriesQuery,
): Promise<{ buckets: Buckets; unsummed: number[] }> {
  const buckets = new Buckets();
  const unsummed = new Set<number>();
  for (const fields of chunks(query.fields)) {
    const columns = fields.map(
      (_, at) =>
        `sum($sum${at}) AS sum${at}, count($sum${at}) AS sums${at}, count($count${at}) AS minutes${at},
           sum($count${at}) AS count${at}${edgesOf(query, `$min${at}`, `$max${at}`, at)}`,
    );
    const rows = await queries.run(
      `SELECT ${columns.join(', ')} FROM $source ${where} ${grouped}`,
      rolledParameters(query, fields, ['sum', 'count', 'min', 'max']),
    );
    buckets.add(rows, fields, 'sum');
    for (const row of rows)
      if (fields.some((_, at) => numberOf(row, `sums${at}`) < numberOf(row, `minutes${at}`)))
        unsummed.add(row.timeUs);
  }
  return { buckets, unsummed: [...unsummed].toSorted((a, b) => a - b) };
}

/** Roll-ups of the first release, and imported ones, have no sums. To weigh their means costs 30 times as much. */
async function addFromMeans(queries: InfluxQueries, buckets: Buckets, query: SeriesQuery): Promise<void> {
  for (const fields of chunks(query.fields)) {
    const inner = fields.map(
      (_, at) =>
        `$mean${at} * $count${at} AS s${at}, $count${at} AS c${at}, $min${at} AS l${at}, $max${at} AS h${at}`,
    );
    const outer = fields.map(
      (_, at) =>
        `sum(s${at}) AS sum${at}, min(l${at}) AS min${at}, max(h${at}) AS max${at}, sum(c${at}) AS count${at}`,
    );
    const rows = await queries.run(
      `SELECT ${outer.join(', ')} FROM (SELECT ${inner.join(', ')} FROM $source ${where})
          WHERE time >= $from AND time < $to ${grouped}`,
      rolledParameters(query, fields, ['mean', 'count', 'min', 'max']),
    );
    buckets.add(rows, fields, 'sum');
  }
}

/** InfluxQL has no mean of booleans: this counts all of them, and those that are true. */
async function addBoolean(
  queries: InfluxQueries,
  buckets: Buckets,
  query: SeriesQuery,
  field: Field,
): Promise<void> {
  const parameters = { ...rangeOf(query), f: { identifier: field.name } };
  const count = (condition: string): Promise<InfluxRow[]> =>
    queries.run(`SELECT count($f) AS n FROM $source ${where}${condition} ${grouped}`, parameters);
  const trues = new Map((await count(' AND $f = true')).map((row) => [row.timeUs, numberOf(row, 'n')]));
  for (const row of await count('')) {
    const all = numberOf(row, 'n');
    const isTrue = trues.get(row.timeUs) ?? 0;
    const summary = {
      mean: isTrue / all,
      min: isTrue === all ? 1 : 0,
      max: isTrue > 0 ? 1 : 0,
      count: all,
    };
    if (all > 0) buckets.set(row.timeUs, field.name, summary);
  }
}

/** Buckets by time, filled by several queries. */
class Buckets {
  readonly #byTime = new Map<number, SeriesBucket>();

  set(timeUs: number, field: string, summary: Summary): void {
    const bucket = this.#byTime.get(timeUs) ?? { timeMs: timeUs / 1000, fields: {} };
    this.#byTime.set(timeUs, bucket);
    bucket.fields[field] = summary;
  }

  /** @param of what the rows have of each field, beside its count; the edges, too, where they were asked for */
  add(rows: readonly InfluxRow[], fields: readonly Field[], of: 'mean' | 'sum'): void {
    for (const row of rows) {
      for (const [at, { name }] of fields.entries()) {
        const column = (sum: string): number => numberOf(row, `${sum}${at}`);
        const count = column('count');
        if (count === 0 || row.fields[`${of}${at}`] === undefined) continue;
        const mean = of === 'mean' ? column('mean') : column('sum') / count;
        const edge = (sum: string): number => (row.fields[`${sum}${at}`] === undefined ? mean : column(sum));
        this.set(row.timeUs, name, { mean, min: edge('min'), max: edge('max'), count });
      }
    }
  }

  inOrder(): SeriesBucket[] {
    return [...this.#byTime.values()].toSorted((a, b) => a.timeMs - b.timeMs);
  }
}

function rangeOf({ measurement, device, fromMs, toMs, stepMs }: SeriesQuery): Parameters {
  return {
    source: { identifier: measurement },
    device,
    from: isoTime(fromMs),
    to: isoTime(toMs),
    step: { duration: `${stepMs}ms` },
  };
}

/** @param parts of the roll-ups of each field, such as `mean` */
function rolledParameters(
  query: SeriesQuery,
  fields: readonly Field[],
  parts: readonly string[],
): Parameters {
  const columns = parts.map((part) => named(part, fields, ({ name }) => `${part}_${name}`));
  return Object.assign(
    rangeOf({ ...query, measurement: rollUpOf(query.measurement) }),
    ...columns,
  ) as Parameters;
}

function named(prefix: string, fields: readonly Field[], name: (field: Field) => string): Parameters {
  return Object.fromEntries(fields.map((field, at) => [`${prefix}${at}`, { identifier: name(field) }]));
}

function numberOf({ fields }: InfluxRow, column: string): number {
  const value = fields[column];
  return typeof value === 'number' ? value : 0;
}

function chunks(fields: readonly Field[]): Field[][] {
  return Array.from({ length: Math.ceil(fields.length / fieldsAtOnce) }, (_, at) =>
    fields.slice(at * fieldsAtOnce, (at + 1) * fieldsAtOnce),
  );
}
