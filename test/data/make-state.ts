/**
 * Makes the small state of a released version with that version's own code, once for each release:
 * `node test/data/make-state.ts CHECKOUT FOLDER`, where CHECKOUT has the release with its modules.
 * It uses only the command lines, which every version has. The secrets in `made.json` open nothing else.
 */

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const [checkout = '', folder = ''] = process.argv.slice(2);
const dataDir = mkdtempSync(join(tmpdir(), 'release-state-'));
const main = join(checkout, 'hub/main.ts');
const listen = '127.0.0.1:0';
const env = {
  PATH: process.env['PATH'],
  HUB_DATA_DIR: dataDir,
  HUB_TLS: 'off',
  HUB_DEVICE_LISTEN: listen,
  HUB_ADMIN_LISTEN: listen,
  HUB_BROKER_LISTEN: listen,
};

function hub(...args: readonly string[]): string {
  return execFileSync(process.execPath, [main, ...args], { env, encoding: 'utf8' });
}

/** Runs a hub while `work` goes on. @param more of its environment */
async function withHub(
  more: Readonly<Record<string, string>>,
  work: (deviceUrl: string) => void,
): Promise<void> {
  const child = spawn(process.execPath, [main, 'start'], {
    env: { ...env, ...more },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  for await (const line of createInterface({ input: child.stdout })) {
    const { msg, deviceUrl } = JSON.parse(line) as { msg?: string; deviceUrl?: string };
    if (msg !== 'ready' || deviceUrl === undefined) continue;
    work(deviceUrl);
    break;
  }
  child.kill('SIGTERM');
  await once(child, 'exit');
}

function device(url: string, secret: string, seconds: number): void {
  const args = ['device', '--url', url, '--id', 'd-1', '--secret', secret, '--interval', '1'];
  const ends = ['--duration', String(seconds)];
  execFileSync(process.execPath, [join(checkout, 'device-sim/main.ts'), ...args, ...ends], {
    env,
    stdio: 'ignore',
  });
}

const add = ['device', 'add', 'd-1', '--type', 'env-sensor@1', '--site', 'hall', '--json'];
const { secret } = JSON.parse(hub(...add)) as { secret: string };
hub('device', 'add', 'd-2', '--type', 'smart-valve@1');
await withHub({}, (url) => {
  hub('device', 'label', 'd-1', 'floor=2');
  hub('device', 'disable', 'd-2');
  hub('group', 'set', 'hall', 'site=hall');
  hub(
    'schedule',
    'add',
    'nightly',
    '--cron',
    '0 4 * * *',
    '--time-zone',
    'Europe/Berlin',
    '--to',
    'all',
    '--command',
    'identify',
  );
  hub('token', 'create', 'ci', '--role', 'operator');
  hub('enrolment', 'create', '--type', 'env-sensor@1', '--site', 'hall');
  device(url, secret, 3);
  // It waits for the device, beyond the end of this hub.
  hub('command', 'send', 'd-1', 'set-interval', '--param', 'seconds=60', '--id', 'c-1');
});
// The store is away: what is sent now waits in the spool.
await withHub({ HUB_INFLUX_URL: 'http://127.0.0.1:9' }, (url) => device(url, secret, 3));
mkdirSync(folder, { recursive: true });
for (const name of ['state.db', 'spool.db', 'metrics.db']) cpSync(join(dataDir, name), join(folder, name));
writeFileSync(join(folder, 'made.json'), `${JSON.stringify({ version: hub('--version').trim(), secret })}\n`);
rmSync(dataDir, { recursive: true });
