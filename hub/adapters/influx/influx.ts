import { promisify } from 'node:util';
import { constants, gzip } from 'node:zlib';
import { Pool } from 'undici';
import { HubError, messageOf } from '../../kernel/errors.ts';
import { systemClock, type Clock } from '../../kernel/time.ts';
import { rollUpOf } from '../roll-up-name.ts';
import type { MetricsStore, ReadingsQuery, ReadingsRow, WriteOutcome } from '../../telemetry/store.ts';
import { isoTime, openInfluxQueries, type InfluxRow } from './influx-queries.ts';
import { influxSeries } from './influx-series.ts';

export interface InfluxOptions {
  /** `http://host:8086`; a path is kept, for a server behind a proxy. */
  url: string;
  database: string;
  username?: string;
  /** InfluxDB 3 takes its token here. */
  password?: string;
  /** For one request, from connecting to the last byte of the answer. */
  timeoutMs: number;
}

export interface InfluxStore extends MetricsStore {
  readonly name: 'influxdb';
  /** Makes the database when there is none. @throws HubError `store-unavailable` */
  createDatabase(): Promise<void>;
}

const maxRetryAfterMs = 600_000;
const maxReasonLength = 1_000;
const compress = promisify(gzip);

/**
 * InfluxDB over its 1.x API (1.x itself, 2 with a DBRP mapping, 3 Core). Writes go out through a connection
 * pool of our own, one request a call; reads and the making of databases through the `influx` package. Opens
 * no connection yet.
 * @throws HubError `config-invalid` for a URL that is none
 */
export function openInflux(options: InfluxOptions, clock: Clock = systemClock): InfluxStore {
  const url = parseUrl(options.url);
  const queries = openInfluxQueries({ ...options, url });
  const { timeoutMs } = options;
  const pool = new Pool(url.origin, {
    connections: 4,
    connect: { timeout: timeoutMs },
    maxResponseSize: 1_000_000,
  });
  const path = `${url.pathname.replace(/\/$/, '')}/write?${new URLSearchParams({
    db: options.database,
    precision: 'u',
  }).toString()}`;
  const headers = { 'content-type': 'text/plain; charset=utf-8', ...authorization(options) };
  // On loopback packing costs more than it saves.
  const packs = !isLoopback(url.hostname);

  async function post(body: string, given?: AbortSignal): Promise<WriteOutcome> {
    const timeout = AbortSignal.timeout(timeoutMs);
    try {
      const packed = packs && body !== '';
      const answer = await pool.request({
        path,
        method: 'POST',
        headers: packed ? { ...headers, 'content-encoding': 'gzip' } : headers,
        body: packed ? await compress(body, { level: constants.Z_BEST_SPEED }) : body,
        signal: given === undefined ? timeout : AbortSignal.any([timeout, given]),
      });
      const text = await answer.body.text();
      return outcomeOf(answer.statusCode, text, answer.headers['retry-after'], clock);
    } catch (error) {
      return { kind: 'unavailable', reason: messageOf(error) };
    }
  }

  return {
    name: 'influxdb',
    write: (lines, signal) =>
      lines.length === 0 ? Promise.resolve({ kind: 'stored' }) : post(lines.join('\n'), signal),
    readings: async (query) => readings(await queries.run(readingsQuery(query), parameters(query)), query),
    ...influxSeries(queries),
    rollUp: (measurement, fromMs, toMs) =>
      queries.change(
        `SELECT count(*), min(*), max(*), mean(*) INTO $target FROM $source
          WHERE time >= $from AND time < $to GROUP BY time(1m), *`,
        {
          source: { identifier: measurement },
          target: { identifier: rollUpOf(measurement) },
          from: isoTime(fromMs),
          to: isoTime(toMs),
        },
      ),
    async removeBefore(measurement, beforeMs) {
      await queries.change('DELETE FROM $source WHERE time < $before', {
        source: { identifier: measurement },
        before: isoTime(beforeMs),
      });
      return false;
    },
    createDatabase: () => queries.createDatabase(options.database),
    /** A write of nothing: passes authentication and finds the database; 2.x says 400 for the missing points. */
    async probe() {
      const outcome = await post('');
      if (outcome.kind === 'unavailable' || outcome.kind === 'misconfigured') {
        throw new HubError('store-unavailable', outcome.reason, { details: { ...outcome } });
      }
    },
    close: () => pool.close(),
  };
}

/** What an answer to a write means. 500 and a timeout are harmless to repeat, since the times are fixed. */
function outcomeOf(
  status: number,
  body: string,
  retryAfter: string | string[] | undefined,
  clock: Clock,
): WriteOutcome {
  const reason = `${status} ${serverWords(body)}`.trim();
  if (status >= 200 && status < 300) return { kind: 'stored' };
  if (status === 413) return { kind: 'too-large', reason };
  if (status === 422) return { kind: 'partial', reason };
  if (status === 400) return { kind: reason.includes('partial write') ? 'partial' : 'refused', reason };
  if (status === 408 || status === 429 || status >= 500) {
    const retryAfterMs = parseRetryAfter(retryAfter, clock);
    return { kind: 'unavailable', reason, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
  }
  return { kind: 'misconfigured', reason, status };
}

/** `{"error": "…"}` (1.x) or `{"message": "…"}` (2.x), otherwise the body as it is. */
function serverWords(body: string): string {
  let words = body;
  try {
    const { error, message } = JSON.parse(body) as { error?: unknown; message?: unknown };
    if (typeof error === 'string') words = error;
    else if (typeof message === 'string') words = message;
  } catch {
    // Not JSON: a proxy's page, or nothing.
  }
  return words.trim().slice(0, maxReasonLength);
}

/** Seconds or a date (RFC 9110 §10.2.3) → ms from now, at most 600 s. */
function parseRetryAfter(value: string | string[] | undefined, clock: Clock): number | undefined {
  if (typeof value !== 'string') return undefined;
  const text = value.trim();
  const waitMs = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - clock.now();
  return Number.isNaN(waitMs) ? undefined : Math.min(Math.max(waitMs, 0), maxRetryAfterMs);
}

function readingsQuery({ take }: ReadingsQuery): string {
  return `SELECT *::field FROM $measurement WHERE device = $device AND time >= $from AND time < $to
    ORDER BY time ${take === 'last' ? 'DESC' : 'ASC'} LIMIT $limit`;
}

function parameters({ measurement, device, fromMs, toMs, limit }: ReadingsQuery) {
  return {
    measurement: { identifier: measurement },
    device,
    from: isoTime(fromMs),
    to: isoTime(toMs),
    limit,
  };
}

function readings(rows: readonly InfluxRow[], { take }: ReadingsQuery): ReadingsRow[] {
  const answer = rows.map(({ timeUs, fields }) => ({ timeMs: timeUs / 1000, fields }));
  return take === 'last' ? answer.toReversed() : answer;
}

function authorization({ username, password }: InfluxOptions): { authorization?: string } {
  if (username === undefined) return {};
  return { authorization: `Basic ${Buffer.from(`${username}:${password ?? ''}`).toString('base64')}` };
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d+){3}$/.test(hostname);
}

function parseUrl(text: string): URL {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new HubError('config-invalid', `${JSON.stringify(text)} is not the http address of an InfluxDB`);
  }
  return url;
}
