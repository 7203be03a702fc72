import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { spawnGuarded, temporaryFolder } from '../../helpers/services/guard.ts';
import { waitFor } from '../../helpers/wait-for.ts';

const supervisor = fileURLToPath(new URL('../../helpers/services/supervisor.py', import.meta.url));
const main = fileURLToPath(new URL('../../../hub/main.ts', import.meta.url));
const watchdogUsec = 6_000_000;

test('a hub that hangs does not feed the watchdog of its service manager, which starts it again', async (t) => {
  if (spawnSync('systemd-notify', ['--version']).status !== 0) {
    t.diagnostic('systemd-notify is not on this machine: the watchdog was not tried');
    return;
  }
  const folder = temporaryFolder('watchdog');
  t.after(() => folder.remove());
  const anyPort = '127.0.0.1:0';
  const args = [
    supervisor,
    join(folder.path, 'notify'),
    String(watchdogUsec),
    process.execPath,
    main,
    'start',
  ];
  const child = await spawnGuarded('python3', args, {
    ...process.env,
    HUB_DATA_DIR: folder.path,
    HUB_DEVICE_LISTEN: anyPort,
    HUB_ADMIN_LISTEN: anyPort,
    HUB_BROKER_LISTEN: anyPort,
  });
  t.after(() => child.end('SIGTERM'));
  const lines = (): string[] => child.output().split('\n');
  const count = (wanted: string): number => lines().filter((line) => line === wanted).length;
  const heard = (wanted: string, times: number): Promise<true> =>
    waitFor(() => count(wanted) >= times, { what: `${wanted}, ${times} times`, timeoutMs: 60_000 });

  await heard('READY=1', 1);
  await heard('WATCHDOG=1', 2);
  assert.equal(count('hung'), 0, 'a hub that is well is left alone');
  const [first = ''] = lines();
  process.kill(Number(first.replace('started ', '')), 'SIGSTOP');
  await heard('hung', 1);
  await heard('READY=1', 2);
});
