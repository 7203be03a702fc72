import type { SecureContextOptions, TlsOptions } from 'node:tls';
import type { Log } from '../../kernel/log.ts';
import { exposedSecret } from '../../kernel/secret-file.ts';
import { datingMs } from '../../kernel/release-date.ts';
import type { Clock } from '../../../schemas/time/clock.ts';
import { machineNames } from './tls-own.ts';
import { watchTls, type TlsReload } from './tls-reload.ts';
import { loadTicketKeys, ticketLifeSec } from './tls-tickets.ts';
import { loadTlsMaterial, tlsServerOptions, type TlsMaterial } from './tls.ts';
import type { DeviceTlsSource } from '../../kernel/tls-source.ts';

/** TLS of the device listener. */
export interface OpenedTls {
  options: TlsOptions;
  /** Looks after the files from now on. @param apply serves renewed material to new connections */
  watch(apply: (options: SecureContextOptions) => void): TlsReload;
}

/** @returns undefined when the device listener speaks plain ws (on loopback, or behind a proxy) */
export async function openDeviceTls(
  source: DeviceTlsSource,
  dataDir: string,
  deps: { clock: Clock; log: Log },
): Promise<OpenedTls | undefined> {
  if (source.mode === 'off' || source.mode === 'terminated') return undefined;
  const load = (): Promise<TlsMaterial> =>
    loadTlsMaterial(source, dataDir, { now: () => datingMs(deps.clock.now()), hostnames: machineNames() });
  const material = await load();
  const { exposedKeyFile } = material;
  if (exposedKeyFile !== undefined) deps.log.warn(exposedSecret(exposedKeyFile));
  return {
    options: {
      ...tlsServerOptions(material),
      // A device that comes back, to this process or to the next one, is spared the full handshake.
      ticketKeys: await loadTicketKeys(dataDir, deps.clock.now()),
      sessionTimeout: ticketLifeSec,
    },
    watch: (apply) => watchTls(deps, material, load, (renewed) => apply(tlsServerOptions(renewed))),
  };
}
