import { HubError } from '../../kernel/errors.ts';
import { systemClock, type Clock } from '../../../schemas/time/clock.ts';
import { rollUpOf } from '../roll-up-name.ts';
import type { MetricsStore, ReadingsQuery, ReadingsRow } from '../../telemetry/store.ts';
import { isoTime, openInfluxQueries, type InfluxRow } from './influx-queries.ts';
import { influxSeries } from './influx-series.ts';
import { InfluxWrites } from './influx-writes.ts';

export interface InfluxOptions {
  /** `http://host:8086`; a path is kept, for a server behind a proxy. */
  url: string;
  database: string;
  username?: string | undefined;
  /** InfluxDB 3 takes its token here. */
  password?: string | undefined;
  /** For one request, from connecting to the last byte of the answer. */
  timeoutMs: number;
  /** Gets the time of each answer that comes from InfluxDB itself, Unix ms. */
  dated?: (timeMs: number) => void;
}

export interface InfluxStore extends MetricsStore {
  readonly name: 'influxdb';
  /** Creates the database if there is none. @throws HubError `store-unavailable` */
  createDatabase(): Promise<void>;
}

/**
 * InfluxDB over its 1.x API (1.x itself, 2 with a DBRP mapping, 3 Core). Writes go through a connection pool of our own,
 * one request per call. Reads and the creation of databases go through the `influx` package. Opens no connection yet.
 * @throws HubError `config-invalid` for an invalid URL
 */
export function openInflux(options: InfluxOptions, clock: Clock = systemClock): InfluxStore {
  const url = parseUrl(options.url);
  const queries = openInfluxQueries({ ...options, url });
  const writes = new InfluxWrites({ ...options, url }, clock);
  return {
    name: 'influxdb',
    write: (lines, signal) =>
      lines.length === 0 ? Promise.resolve({ kind: 'stored' }) : writes.write(lines, signal),
    readings: async (query) => readings(await queries.run(readingsQuery(query), parameters(query)), query),
    ...influxSeries(queries),
    rollUp: (measurement, fromMs, toMs) =>
      queries.change(
        `SELECT count(*), sum(*), min(*), max(*), mean(*) INTO $target FROM $source
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
    probe: () => writes.probe(),
    close: () => writes.close(),
  };
}

function readingsQuery({ take, tags }: ReadingsQuery): string {
  return `SELECT *::field${tags === true ? ', *::tag' : ''} FROM $measurement WHERE device = $device AND time >= $from AND time < $to
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

/** @throws HubError `config-invalid` */
export function parseUrl(text: string): URL {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new HubError('config-invalid', `${JSON.stringify(text)} is not the http address of an InfluxDB`);
  }
  return url;
}
