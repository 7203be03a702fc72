import assert from 'node:assert/strict';
import { join } from 'node:path';
import { callHub } from '../../../hub/cli/admin-client.ts';
import { spawnHub, type HubOptions, type HubProcess } from '../services/process.ts';
import type { RawDeviceOptions } from '../devices/raw-device.ts';

export interface AuditLine {
  action: string;
  subject: string;
  outcome: string;
  actor: string;
  origin: string;
  details?: Readonly<Record<string, unknown>>;
}

/** A hub with devices registered, and short ways to ask it. */
export interface SecurityHub extends HubProcess {
  secretOf(id: string): string;
  /** How a raw device connects as this one. */
  as(id: string, secret?: string): RawDeviceOptions;
  /** Runs the command line and fails the test when that fails. */
  run(...args: string[]): Promise<string>;
  /** A request on the admin socket, as the command line makes it: `ask('POST', '/devices/d-1/disable', {})`. */
  ask<Answer>(method: string, path: string, body?: object): Promise<Answer>;
  /** The value of one line of `/metrics`, 0 when it is not there. */
  metric(name: string): Promise<number>;
  /** The newest entries of the audit, oldest first. */
  audit(): Promise<AuditLine[]>;
}

export async function startSecurityHub(
  devices: readonly string[],
  options: HubOptions = {},
): Promise<SecurityHub> {
  const hub = await spawnHub(options);
  const ask = async <Answer>(method: string, path: string, body?: object): Promise<Answer> =>
    (await callHub(join(hub.dataDir, 'hub.sock'), method, `/api/v1${path}`, body)) as Answer;
  const added =
    devices.length === 0
      ? { devices: [] }
      : await ask<{ devices: { id: string; secret: string }[] }>('POST', '/devices', {
          ids: devices,
          type: 'env-sensor@1',
          site: 'default',
        });
  const secrets = new Map(added.devices.map(({ id, secret }) => [id, secret]));
  const secretOf = (id: string): string => secrets.get(id) ?? '';
  return {
    ...hub,
    get running() {
      return hub.running;
    },
    secretOf,
    as: (id, secret = secretOf(id)) => ({ url: hub.deviceUrl, dataDir: hub.dataDir, id, secret }),
    ask,
    async run(...args) {
      const { code, stdout, stderr } = await hub.cli(args);
      assert.equal(code, 0, `${args.join(' ')}: ${stderr}`);
      return stdout;
    },
    async metric(name) {
      const page = await (await fetch(`${hub.adminUrl}/metrics`)).text();
      const line = page.split('\n').find((text) => text.startsWith(`${name} `));
      return Number(line?.slice(name.length + 1) ?? 0);
    },
    audit: async () => (await ask<{ entries: AuditLine[] }>('GET', '/audit?limit=1000')).entries,
  };
}
