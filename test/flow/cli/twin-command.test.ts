import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SimulatedDevice } from '../../../device-sim/device/device.ts';
import { systemClock } from '../../../schemas/time/clock.ts';
import { runCommand, type CliRun } from '../../helpers/cli.ts';
import { startInProcessHub } from '../../helpers/hubs/in-process-hub.ts';
import { waitFor } from '../../helpers/wait-for.ts';

test('the command line shows a twin, changes it, waits for it, and says which are refused', async (t) => {
  const hub = await startInProcessHub(t);
  await hub.add(['d-1', 'd-2']);
  const device = new SimulatedDevice({ ...hub.device('d-1'), type: 'env-sensor@1', seed: 's' });
  device.start();
  t.after(() => device.stop());
  const twin = (...args: string[]): Promise<CliRun> =>
    runCommand(['twin', ...args], hub.dataDir, { clock: systemClock });

  await waitFor(async () => (await twin('d-1')).out.includes('SIM-'), { what: 'the device has reported' });
  const shown = await twin('d-1');
  assert.match(shown.out, /^d-1 is in-sync since .*; desired has revision 0, the device dealt with 0\n/);
  assert.match(shown.out, /intervalSec +\(10\) +10\n/);
  const set = await twin('d-1', '--set', 'intervalSec=30', '--set', 'offset.temperature=0.5', '--wait');
  assert.equal(set.code, 0);
  assert.match(set.out, /intervalSec +30 +30\n/);
  assert.match(set.out, /offset\.temperature +0\.5 +0\.5\n/);
  assert.equal(device.intervalSec, 30);
  const refused = await twin('d-1', '--set', 'intervalSec=1', '--wait');
  assert.equal(refused.code, 1);
  assert.match(refused.out, /≠ +intervalSec +1 +10\n/);
  assert.match(refused.out, /\/intervalSec: at least 2 s on battery\n/);
  assert.match((await twin('list', '--state', 'refused')).out, /\nd-1 +env-sensor@1 +default +refused/);
  await twin('d-1', '--unset', 'intervalSec', '--patch', '{"alias":"boiler"}', '--wait');
  assert.deepEqual(JSON.parse((await twin('d-1', '--json')).out).desired, {
    offset: { temperature: 0.5 },
    alias: 'boiler',
  });
  const history = await twin('history', 'd-1', '--json');
  assert.deepEqual(
    history.out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).rev),
    [3, 2, 1],
  );

  const invalid = await twin('d-1', '--set', 'intervalSec=0');
  assert.equal(invalid.code, 1);
  assert.match(invalid.err, /\/intervalSec must be >= 1; it is 0/);
  assert.equal((await twin('--set', 'a=1')).code, 2);

  const stale = await twin('d-1', '--set', 'alias=mine', '--if-rev', '2');
  assert.equal(stale.code, 1);
  assert.match(stale.err, /has changed since it was read: it has revision 3 now/);
  assert.equal((await twin('d-1', '--set', 'alias=mine', '--if-rev', '3')).code, 0);
  assert.equal((await twin('d-1', '--if-rev', '3')).code, 2);
  assert.equal((await twin('d-1', '--to', 'all', '--set', 'alias=x')).code, 2);

  const dry = await twin('--to', 'type=env-sensor', '--set', 'alias=x', '--dry-run');
  assert.equal(dry.out, 'd-1\nd-2\n2 devices\n');
  const many = await twin('--to', 'type=env-sensor', '--set', 'alias=x', '--wave', '2', '--wait');
  assert.equal(many.code, 0);
  assert.match(
    many.out,
    /d-1 +succeeded\nd-2 +queued\n.* finished: 2 targets, 1 succeeded, 0 failed, 1 open/,
  );
});

test('a simulated device holds its settings over a reboot, and reports what a command changed', async (t) => {
  const hub = await startInProcessHub(t);
  await hub.add(['d-1']);
  const device = new SimulatedDevice({ ...hub.device('d-1'), type: 'env-sensor@1', seed: 's' });
  device.start();
  t.after(() => device.stop());
  const params = { id: 'd-1' };
  const stands = (state: string) =>
    waitFor(async () => (await hub.ask('GET /api/v1/devices/{id}/twin', { params })).state === state, {
      what: state,
    });
  await hub.ask('PATCH /api/v1/devices/{id}/twin/desired', { params, body: { intervalSec: 30 } });
  await stands('in-sync');
  const command = (name: string, body: object) =>
    hub.ask('POST /api/v1/devices/{id}/commands/{command}', { params: { id: 'd-1', command: name }, body });
  await command('set-interval', { params: { seconds: 5 } });
  await stands('refused');
  await command('reboot', { id: 'c-1' });
  await stands('in-sync');
  assert.equal(device.intervalSec, 30);
});
