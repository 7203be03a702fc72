import type { MetricsReader, SeriesBucket, SeriesQuery, Summary } from '../../telemetry/store.ts';
import { isoTime, type InfluxQueries, type InfluxRow, type QueryParameter } from './influx-queries.ts';
import { rollUpOf } from '../roll-up-name.ts';

/** Fields of one query: the address of a request has a limit. */
const fieldsAtOnce = 16;

const where = 'WHERE device = $device AND time >= $from AND time < $to';
const grouped = 'GROUP BY time($step) fill(none)';

type Field = SeriesQuery['fields'][number];
type Parameters = Record<string, QueryParameter>;

/** Summaries by bucket, made by InfluxDB itself (InfluxQL `GROUP BY time`). */
export function influxSeries(queries: InfluxQueries): Pick<MetricsReader, 'series' | 'rolledSeries'> {
  return {
    async series(query) {
      const buckets = new Buckets();
      const numeric = query.fields.filter(({ kind }) => kind !== 'boolean');
      for (const fields of chunks(numeric)) {
        const columns = fields.map(
          (_, at) =>
            `mean($f${at}) AS mean${at}, min($f${at}) AS min${at}, max($f${at}) AS max${at}, count($f${at}) AS count${at}`,
        );
        const rows = await queries.run(`SELECT ${columns.join(', ')} FROM $source ${where} ${grouped}`, {
          ...rangeOf(query),
          ...named('f', fields, ({ name }) => name),
        });
        buckets.add(rows, fields, (column) => column('mean'));
      }
      for (const field of query.fields) if (field.kind === 'boolean') await addBoolean(buckets, query, field);
      return buckets.inOrder();
    },

    async rolledSeries(query) {
      const buckets = new Buckets();
      for (const fields of chunks(query.fields.filter(({ kind }) => kind !== 'boolean'))) {
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
          {
            ...rangeOf({ ...query, measurement: rollUpOf(query.measurement) }),
            ...named('mean', fields, ({ name }) => `mean_${name}`),
            ...named('count', fields, ({ name }) => `count_${name}`),
            ...named('min', fields, ({ name }) => `min_${name}`),
            ...named('max', fields, ({ name }) => `max_${name}`),
          },
        );
        buckets.add(rows, fields, (column) => column('sum') / column('count'));
      }
      return buckets.inOrder();
    },
  };

  /** InfluxQL has no mean of booleans: it counts them, and those that are true. */
  async function addBoolean(buckets: Buckets, query: SeriesQuery, field: Field): Promise<void> {
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
}

/** Buckets by time, filled by several queries. */
class Buckets {
  readonly #byTime = new Map<number, SeriesBucket>();

  set(timeUs: number, field: string, summary: Summary): void {
    const bucket = this.#byTime.get(timeUs) ?? { timeMs: timeUs / 1000, fields: {} };
    this.#byTime.set(timeUs, bucket);
    bucket.fields[field] = summary;
  }

  /** @param mean makes it of a row's columns */
  add(
    rows: readonly InfluxRow[],
    fields: readonly Field[],
    mean: (column: (name: string) => number) => number,
  ): void {
    for (const row of rows) {
      for (const [at, { name }] of fields.entries()) {
        const column = (sum: string): number => numberOf(row, `${sum}${at}`);
        const count = column('count');
        if (count === 0 || row.fields[`min${at}`] === undefined) continue;
        this.set(row.timeUs, name, { mean: mean(column), min: column('min'), max: column('max'), count });
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
