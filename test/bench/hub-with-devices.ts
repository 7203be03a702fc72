import { spawnHub } from '../helpers/services/process.ts';

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

/**
 * A hub, without TLS unless `env` says otherwise, that knows the devices `d-1` … of the type `env-sensor@1`.
 * @param checkout of another revision, whose hub it is; its dependencies must be installed
 */
export async function hubWithDevices(
  count: number,
  env: Readonly<Record<string, string>> = {},
  checkout?: string,
): Promise<HubServer> {
  const entry = checkout === undefined ? {} : { entry: `${checkout}/hub/main.ts` };
  const hub = await spawnHub({ env: { HUB_TLS: 'off', ...env }, ...entry });
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
