import { join } from 'node:path';
import type { SecureContextOptions, TlsOptions } from 'node:tls';
import { openInflux } from '../adapters/influx/influx.ts';
import { makingMissingDatabase } from '../adapters/influx/missing-database.ts';
import { openMetricsStore } from '../adapters/sqlite/metrics-store.ts';
import { machineNames } from '../adapters/tls/tls-own.ts';
import { watchTls, type TlsReload } from '../adapters/tls/tls-reload.ts';
import { loadTicketKeys, ticketLifeSec } from '../adapters/tls/tls-tickets.ts';
import { loadTlsMaterial, tlsServerOptions, type TlsMaterial } from '../adapters/tls/tls.ts';
import type { Config } from '../config/config.ts';
import type { Log } from '../kernel/log.ts';
import { exposedSecret } from '../kernel/secret-file.ts';
import type { Clock } from '../kernel/time.ts';
import type { MetricsStore } from '../telemetry/store.ts';

/** The choices the configuration makes between two implementations of one port. */

const influxTimeoutMs = 10_000;

/** InfluxDB when its address is given, otherwise the embedded store in the data folder. */
export async function openStore(
  config: Config,
  deps: { onFailure: (error: Error) => void },
): Promise<MetricsStore> {
  const { influx } = config;
  if (influx === undefined) {
    return openMetricsStore({ file: join(config.dataDir, 'metrics.db'), onFailure: deps.onFailure });
  }
  return makingMissingDatabase(openInflux({ ...influx, timeoutMs: influxTimeoutMs }));
}

/** TLS of the device listener. */
export interface OpenedTls {
  options: TlsOptions;
  /** Looks after the files from now on. @param apply serves renewed material to new connections */
  watch(apply: (options: SecureContextOptions) => void): TlsReload;
}

/** Undefined when the device listener speaks plain ws (loopback, or behind a proxy). */
export async function openTls(
  config: Config,
  deps: { clock: Clock; log: Log },
): Promise<OpenedTls | undefined> {
  const { tls } = config;
  if (tls.mode === 'off' || tls.mode === 'terminated') return undefined;
  const load = (): Promise<TlsMaterial> =>
    loadTlsMaterial(tls, config.dataDir, { now: () => deps.clock.now(), hostnames: machineNames() });
  const material = await load();
  const { exposedKeyFile } = material;
  if (exposedKeyFile !== undefined) deps.log.warn(exposedSecret(exposedKeyFile));
  return {
    options: {
      ...tlsServerOptions(material),
      // A device that comes back, to this process or to the next one, is spared the full handshake.
      ticketKeys: await loadTicketKeys(config.dataDir, deps.clock.now()),
      sessionTimeout: ticketLifeSec,
    },
    watch: (apply) => watchTls(deps, material, load, (renewed) => apply(tlsServerOptions(renewed))),
  };
}
