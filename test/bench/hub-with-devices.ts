import { spawnHub } from '../helpers/services/process.ts';
import type { Revision } from './revision.ts';

/** What the load is sent to. */
export interface Server {
  url: string;
  pid: number;
  credentials: readonly { id: string; secret: string }[];
  close(): Promise<void>;
}

export interface HubServer extends Server {
  adminUrl: string;
}

/** A hub that knows the devices `d-1` … of the type `env-sensor@1`. @param options.tls with a certificate of its own */
export async function hubWithDevices(
  count: number,
  { env = {}, tls = false, entry }: Revision & { env?: Readonly<Record<string, string>>; tls?: boolean } = {},
): Promise<HubServer> {
  const hub = await spawnHub({
    env: { ...(tls ? {} : { HUB_TLS: 'off' }), ...env },
    ...(entry === undefined ? {} : { entry }),
  });
  const args = ['--count', String(count), '--prefix', 'd-', '--type', 'env-sensor@1', '--json'];
  const { code, stdout, stderr } = await hub.cli(['device', 'add', ...args]);
  if (code !== 0) throw new Error(`devices were not added: ${stderr}`);
  const lines = stdout.trim().split('\n');
  return {
    url: hub.deviceUrl,
    adminUrl: hub.adminUrl,
    pid: hub.pid,
    credentials: lines.map((line) => JSON.parse(line) as { id: string; secret: string }),
    close: () => hub.close(),
  };
}
