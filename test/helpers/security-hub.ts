import assert from 'node:assert/strict';
import { spawnHub, type HubOptions, type HubProcess } from './process.ts';

/** A hub with devices registered, and short ways to ask it. */
export interface SecurityHub extends HubProcess {
  secretOf(id: string): string;
  /** Runs the command line and fails the test when that fails. */
  run(...args: string[]): Promise<string>;
  /** The value of one line of `/metrics`, 0 when it is not there. */
  metric(name: string): Promise<number>;
  /** Entries of the audit, as `audit list --json` prints them. */
  audit(): Promise<{ action: string; subject: string; outcome: string; actor: string }[]>;
}

export async function startSecurityHub(
  devices: readonly string[],
  options: HubOptions = {},
): Promise<SecurityHub> {
  const hub = await spawnHub(options);
  const run = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await hub.cli(args);
    assert.equal(code, 0, `${args.join(' ')}: ${stderr}`);
    return stdout;
  };
  const secrets = new Map<string, string>();
  for (const id of devices) {
    const { secret } = JSON.parse(await run('device', 'add', id, '--type', 'env-sensor@1', '--json')) as {
      secret: string;
    };
    secrets.set(id, secret);
  }
  return {
    ...hub,
    get running() {
      return hub.running;
    },
    run,
    secretOf: (id) => secrets.get(id) ?? '',
    async metric(name) {
      const page = await (await fetch(`${hub.adminUrl}/metrics`)).text();
      const line = page.split('\n').find((text) => text.startsWith(`${name} `));
      return Number(line?.slice(name.length + 1) ?? 0);
    },
    async audit() {
      const out = await run('audit', 'list', '--last', '1000', '--json');
      return out
        .trim()
        .split('\n')
        .filter((line) => line !== '')
        .map(
          (line) => JSON.parse(line) as { action: string; subject: string; outcome: string; actor: string },
        );
    },
  };
}
