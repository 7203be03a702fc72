import type { ImportTarget } from '../../telemetry/history/store-import.ts';
import { isoTime, openInfluxQueries } from './influx-queries.ts';
import { openInflux, parseUrl, type InfluxOptions } from './influx.ts';
import { makingMissingDatabase } from './missing-database.ts';

/** An InfluxDB that imports the points of another store. @throws HubError `config-invalid` for an invalid URL */
export function openInfluxImport(options: InfluxOptions): ImportTarget & { close(): Promise<void> } {
  const store = makingMissingDatabase(openInflux(options));
  const queries = openInfluxQueries({ ...options, url: parseUrl(options.url) });
  const prefix = 'count_';
  return {
    write: (lines, signal) => store.write(lines, signal),
    async values(measurement, fromMs, toMs) {
      const rows = await queries.run(
        'SELECT count(*) FROM $measurement WHERE time >= $from AND time <= $to',
        {
          measurement: { identifier: measurement },
          from: isoTime(fromMs),
          to: isoTime(toMs),
        },
      );
      const counts = Object.entries(rows[0]?.fields ?? {});
      return Object.fromEntries(counts.map(([name, count]) => [name.slice(prefix.length), Number(count)]));
    },
    close: () => store.close(),
  };
}
