import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemClock } from '../../../schemas/time/clock.ts';
import { runCommand, type CliRun } from '../../helpers/cli.ts';
import { openRaw } from '../../helpers/devices/raw-device.ts';
import { sha256Of } from '../../helpers/firmware/add-firmware.ts';
import { startInProcessHub } from '../../helpers/hubs/in-process-hub.ts';

test('the command line adds firmware, begins a rollout, pauses, resumes and cancels it, and shows both', async (t) => {
  const hub = await startInProcessHub(t);
  await hub.add(['d-1', 'd-2']);
  const run = (...args: string[]): Promise<CliRun> => runCommand(args, hub.dataDir, { clock: systemClock });
  const bytes = Buffer.from('a firmware');
  writeFileSync(join(hub.dataDir, 'env.bin'), bytes);
  const of = ['--type', 'env-sensor', '--version', '2.0.0'];
  const added = await run('firmware', 'add', 'env.bin', ...of);
  assert.deepEqual([added.code, added.err], [0, '']);
  assert.match(
    added.out,
    new RegExp(`^env-sensor 2\\.0\\.0, 10 bytes, not signed\nsha256 ${sha256Of(bytes)}\n`),
  );
  const again = await run('firmware', 'add', 'env.bin', ...of);
  assert.match(again.err, /has a firmware of this version already: env-sensor 2\.0\.0/);
  const of3 = ['--type', 'env-sensor', '--version', '3.0.0', '--url', 'https://files.example/env-3.bin'];
  const linked = await run('firmware', 'add', ...of3, '--sha256', sha256Of(bytes), '--size', '10', '--json');
  assert.equal(JSON.parse(linked.out).url, 'https://files.example/env-3.bin');
  assert.equal((await run('firmware', 'add', ...of)).code, 2, 'neither a file nor a URL');
  assert.match(
    (await run('firmware', 'add', 'nothing.bin', ...of)).err,
    /file must be a file that can be read/,
  );
  assert.match(
    (await run('firmware', 'list')).out,
    /^TYPE +VERSION.*\nenv-sensor +3\.0\.0 .* at env-3\.bin\nenv-sensor +2\.0\.0 /,
  );

  const device = await openRaw(hub.device('d-1'), { firmware: '1.0.0' });
  t.after(() => device.close());
  const dry = await run('rollout', 'start', ...of, '--to', 'all', '--waves', '1,100%', '--dry-run');
  assert.match(dry.out, /d-1 +1 +pending[^]*d-2 +2 +pending[^]*devices updated after each wave: 1, 2\n/);
  const begun = await run(
    'rollout',
    'start',
    ...of,
    '--to',
    'all',
    '--waves',
    '1,100%',
    '--id',
    'r-1',
    '--window',
    '00:00-23:59',
  );
  assert.equal(begun.code, 0);
  assert.match(
    begun.out,
    /^env-sensor 2\.0\.0 to all; devices updated after each wave: 1, 2\nr-1 running, wave [01] of 2: 2 devices/,
  );
  await device.next('update');
  assert.match(
    (await run('rollout', 'pause', 'r-1')).out,
    /^r-1 paused, wave 1 of 2: 2 devices, 1 pending, 1 offered\n/,
  );
  assert.match((await run('rollout', 'resume', 'r-1')).out, /^r-1 running/);
  const shown = await run('rollout', 'show', 'r-1', '--state', 'offered');
  assert.match(shown.out, /\nd-1 +1 +offered/);
  assert.doesNotMatch(shown.out, /\nd-2/);
  assert.match((await run('rollout', 'list')).out, /\nr-1 +env-sensor +2\.0\.0 +running +1\/2 +2 +0 +0 /);
  assert.match(
    (await run('firmware', 'remove', 'env-sensor', '2.0.0')).err,
    /rollout r-1 has not ended; cancel it first/,
  );
  assert.match((await run('rollout', 'cancel', 'r-1')).out, /^r-1 cancelled \(on-request\)/);
  assert.equal((await run('firmware', 'remove', 'env-sensor', '2.0.0')).out, 'env-sensor 2.0.0 removed\n');
  assert.equal((await run('rollout', 'show', 'r-9')).code, 1);
  assert.equal((await run('rollout', 'start', ...of)).code, 2, 'neither --to nor --group');
});
