import { join } from 'node:path';
import { openInflux } from '../adapters/influx/influx.ts';
import { makingMissingDatabase } from '../adapters/influx/missing-database.ts';
import { openMetricsStore } from '../adapters/sqlite/metrics/metrics-store.ts';
import type { HubClock } from '../telemetry/clock/hub-clock.ts';
import type { MetricsStore } from '../telemetry/store.ts';
import type { HubContext } from './context.ts';

const influxTimeoutMs = 10_000;

/** InfluxDB when its address is given, otherwise the embedded store in the data folder. */
export async function openStore(
  { config, clock, log, onFailure }: Pick<HubContext, 'config' | 'clock' | 'log' | 'onFailure'>,
  hubClock?: Pick<HubClock, 'reportedByStore'>,
): Promise<MetricsStore> {
  const { influx, dataDir } = config;
  if (influx === undefined) {
    return openMetricsStore({ file: join(dataDir, 'metrics.db'), onFailure, clock, log });
  }
  return makingMissingDatabase(
    openInflux({
      ...influx,
      timeoutMs: influxTimeoutMs,
      dated: (timeMs) => hubClock?.reportedByStore(timeMs),
    }),
  );
}
