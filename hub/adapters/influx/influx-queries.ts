import { cutText } from '../../../schemas/cut-text.ts';
import { InfluxDB, type IQueryOptions } from 'influx';
import { HubError, messageOf } from '../../kernel/errors.ts';
import { withoutUndefined } from '../../kernel/without-undefined.ts';

export interface InfluxRow {
  timeUs: number;
  /** Without the columns that are null. */
  fields: Record<string, number | string | boolean>;
}

/** A value, or a name or a duration where the grammar wants one (`FROM $measurement`, `time($step)`). */
export type QueryParameter = string | number | { identifier: string } | { duration: string };

export interface InfluxQueries {
  /**
   * Runs one InfluxQL query. Every value and name is a parameter, so no query text is ever concatenated.
   * @throws HubError `store-unavailable`
   */
  run(query: string, parameters: Readonly<Record<string, QueryParameter>>): Promise<InfluxRow[]>;
  /** As `run`, for a query that changes something. @throws HubError `store-unavailable` */
  change(query: string, parameters: Readonly<Record<string, QueryParameter>>): Promise<void>;
  /** @throws HubError `store-unavailable` */
  createDatabase(name: string): Promise<void>;
}

export interface InfluxQueriesOptions {
  url: URL;
  database: string;
  username?: string | undefined;
  password?: string | undefined;
  timeoutMs: number;
}

/** Microseconds as text: a bound number goes through a double, which holds no nanoseconds since 1970. */
export function isoTime(ms: number): string {
  const us = Math.round(ms * 1000);
  const second = new Date(Math.floor(us / 1_000_000) * 1000).toISOString().slice(0, 19);
  return `${second}.${String(us - Math.floor(us / 1_000_000) * 1_000_000).padStart(6, '0')}Z`;
}

const maxReasonLength = 1_000;

/** Keeps the only host in the pool: otherwise `influx` would answer "No host available" for up to 10 s after a failure. */
const noPause = { getDelay: () => 0, next: () => noPause, reset: () => noPause };

interface StatementAnswer {
  statement_id: number;
  error?: string;
  series?: { columns: string[]; values: unknown[][] }[];
}

/** Reads `{"results":[{"statement_id":0,…}]}`. Even an empty answer has the number, and only InfluxDB gives one. */
function statementOf(answer: unknown): StatementAnswer {
  const results = (answer as { results?: unknown } | null)?.results;
  const result: unknown = Array.isArray(results) ? results[0] : undefined;
  if (typeof (result as Partial<StatementAnswer> | null | undefined)?.statement_id !== 'number') {
    throw new HubError('store-unavailable', 'the query was not answered by InfluxDB');
  }
  return result as StatementAnswer;
}

/** InfluxQL through the `influx` package. */
export function openInfluxQueries({
  url,
  database,
  timeoutMs,
  ...login
}: InfluxQueriesOptions): InfluxQueries {
  const secure = url.protocol === 'https:';
  const influx = new InfluxDB({
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: Number(url.port === '' ? (secure ? 443 : 80) : url.port),
    path: url.pathname.replace(/\/$/, ''),
    protocol: secure ? 'https' : 'http',
    database,
    // Without a login the package would use a default user of its own.
    ...withoutUndefined(login),
    pool: { maxRetries: 0, requestTimeout: timeoutMs, backoff: noPause },
  });

  async function ask(
    query: string,
    parameters: Readonly<Record<string, QueryParameter>>,
    method: 'GET' | 'POST',
  ): Promise<StatementAnswer> {
    // The package's types allow only plain values; InfluxDB takes names as parameters since 1.6 (influxql BoundParameter).
    const placeholders = parameters as Record<string, string | number>;
    const options: IQueryOptions = { precision: 'u', placeholders, method };
    const result = statementOf(await withDeadline(influx.queryRaw(query, options), timeoutMs));
    if (result.error !== undefined) throw new HubError('store-unavailable', result.error);
    return result;
  }

  const change: InfluxQueries['change'] = async (query, parameters) => {
    await asStoreError(ask(query, parameters, 'POST'));
  };

  return {
    async run(query, parameters) {
      const { series = [] } = await asStoreError(ask(query, parameters, 'GET'));
      return series.flatMap(({ columns, values }) => values.map((row) => toRow(columns, row)));
    },
    change,
    createDatabase: (name) => change('CREATE DATABASE $name', { name: { identifier: name } }),
  };
}

/** @throws HubError `store-unavailable` for a time in another form: the query was changed on its way */
function toRow(columns: readonly string[], values: readonly unknown[]): InfluxRow {
  const timeUs = values[columns.indexOf('time')];
  if (typeof timeUs !== 'number') {
    throw new HubError(
      'store-unavailable',
      'InfluxDB did not get the query as it was sent: `epoch` is missing',
    );
  }
  const fields: InfluxRow['fields'] = {};
  for (const [index, column] of columns.entries()) {
    const value = values[index];
    if (column === 'time') continue;
    if (typeof value === 'number' || typeof value === 'string' || typeof value === 'boolean') {
      fields[column] = value;
    }
  }
  return { timeUs, fields };
}

async function asStoreError<T>(asked: Promise<T>): Promise<T> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof HubError) throw error;
    const reason = error instanceof SyntaxError ? 'the query was not answered by InfluxDB' : messageOf(error);
    throw new HubError('store-unavailable', cutText(reason, maxReasonLength), { cause: error });
  }
}

/** `influx` never settles when the connection ends in the middle of an answer. */
async function withDeadline<T>(asked: Promise<T>, timeoutMs: number): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
  try {
    return await Promise.race([asked, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
