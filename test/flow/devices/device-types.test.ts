import assert from 'node:assert/strict';
import { readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { Readiness } from '../../../schemas/api/health.ts';
import { typesFolder } from '../../helpers/types-folder.ts';
import { addDevices } from '../../helpers/drills/ledger-fleet.ts';
import { spawnHub } from '../../helpers/services/process.ts';
import { waitFor } from '../../helpers/wait-for.ts';
import { openRaw } from '../../helpers/devices/raw-device.ts';

function schemasFolder(t: TestContext) {
  const path = typesFolder(t);
  const file = join(path, 'env-sensor@1.json');
  const edit = (from: string, to: string): void => {
    const text = readFileSync(file, 'utf8');
    assert.ok(text.includes(from));
    writeFileSync(file, text.replace(from, to));
  };
  return { path, file, edit };
}

test('a device type changes under a connected device; a change that breaks the store is refused', async (t) => {
  const { path, edit } = schemasFolder(t);
  const hub = await spawnHub({ env: { HUB_SCHEMAS_DIR: path, HUB_ACK_DELAY_MS: '0' } });
  t.after(() => hub.close());
  const [credential] = await addDevices(hub, 1);
  assert.ok(credential);
  const device = await openRaw({ url: hub.deviceUrl, dataDir: hub.dataDir, ...credential });
  t.after(() => device.close());
  let seq = 0;
  const send = (data: object): number => {
    seq += 1;
    device.send({ type: 'telemetry', seq, stream: 'env', ts: Date.now(), data });
    return seq;
  };
  const before = send({ temperature: 1, noise: 40 });
  assert.equal((await device.next('nack', (nack) => nack.seq === before)).code, 'schema');

  edit(
    '"humidity": {',
    '"noise": { "type": "number", "minimum": 0, "maximum": 200 },\n        "humidity": {',
  );
  await hub.waitForLog('the types are read again', ({ msg }) => msg === 'device types read again');
  const after = send({ temperature: 1, noise: 40 });
  await device.next('ack', (ack) => 'upTo' in ack && ack.upTo >= after);
  assert.equal(device.frames.filter((frame) => frame.type === 'nack').length, 1);

  edit(
    '"noise": { "type": "number", "minimum": 0, "maximum": 200 }',
    '"noise": { "type": "string", "maxLength": 9 }',
  );
  const refused = await hub.waitForLog('the change is refused', ({ msg }) =>
    String(msg).startsWith('device types not taken'),
  );
  assert.match(String(refused['reason']), /\/streams\/env\/properties\/noise.*float/);
  const still = send({ temperature: 2, noise: 41 });
  await device.next('ack', (ack) => 'upTo' in ack && ack.upTo >= still);
});

test('a device type whose file is removed while devices have it is a warning, and shown until it is back', async (t) => {
  const { path, file } = schemasFolder(t);
  const env = { HUB_SCHEMAS_DIR: path };
  const hub = await spawnHub({ env });
  t.after(() => hub.close());
  const [credential] = await addDevices(hub, 2);
  assert.ok(credential);
  const devicesPart = async (): Promise<{ ok: boolean; reason?: string }> => {
    const answer = (await (await fetch(new URL('/readyz', hub.adminUrl))).json()) as Readiness;
    return answer.parts['devices'] ?? { ok: false };
  };
  const gone = 'no file of env-sensor@1 (2 devices): put it back, or remove the devices';
  const text = readFileSync(file, 'utf8');
  const why = async (): Promise<string> => (await hub.cli(['device', 'why', credential.id])).stdout;
  assert.doesNotMatch(await why(), /is gone/);
  unlinkSync(file);
  const warned = await hub.waitForLog('the loss is a warning', ({ msg }) =>
    String(msg).startsWith('devices have a type'),
  );
  assert.deepEqual([warned['level'], warned['reason']], [40, gone]);
  assert.deepEqual(await devicesPart(), { ok: false, reason: gone });
  assert.match(await why(), /The file of its device type env-sensor@1 is gone: .* Put the file back/s);

  writeFileSync(file, '{');
  await waitFor(async () => (await devicesPart()).reason?.includes('not taken') === true, {
    what: 'a file that is not valid is named',
  });
  assert.match(
    (await devicesPart()).reason ?? '',
    /device types not taken, the old ones stay: .*env-sensor@1.json/,
  );
  writeFileSync(file, text);
  await waitFor(async () => (await devicesPart()).ok, { what: 'the file is back' });
  assert.doesNotMatch(await why(), /is gone/);

  // Removed while no hub runs.
  await hub.kill('SIGTERM');
  unlinkSync(file);
  const next = await spawnHub({ env, dataDir: hub.dataDir });
  t.after(() => next.close());
  assert.ok(next.lines.some(({ reason }) => reason === gone));
});

test('schema check names all faults of a file at once, and judges a sample frame', async (t) => {
  const { path, file, edit } = schemasFolder(t);
  const hub = await spawnHub();
  t.after(() => hub.close());
  const listed = await hub.cli(['schema', 'list', '--json']);
  assert.match(listed.stdout, /"id":"env-sensor@1","streams":\["env"\]/);
  assert.equal((await hub.cli(['schema', 'check', file])).code, 0);

  const sample = join(path, 'frame.txt');
  const data = { temperature: 1_000 };
  writeFileSync(sample, JSON.stringify({ type: 'telemetry', seq: 1, stream: 'env', ts: 1, data }));
  const judged = await hub.cli(['schema', 'check', file, '--sample', sample]);
  assert.equal(judged.code, 1);
  assert.match(judged.stdout, /\/data\/temperature +<= 125/);

  edit('"maximum": 125', '"maximum": "hot"');
  edit('"maximum": 100', '"maximum": -1');
  const { code, stdout } = await hub.cli(['schema', 'check', file, '--json']);
  assert.equal(code, 1);
  const faults = JSON.parse(stdout) as { path: string }[];
  assert.ok(
    faults.some((fault) => fault.path.includes('temperature/maximum')),
    stdout,
  );
});

test('schema generate writes code for the newest version of a type, and names the types there are', async (t) => {
  const { path } = schemasFolder(t);
  const hub = await spawnHub();
  t.after(() => hub.close());
  const out = join(path, 'generated');
  const { code, stdout } = await hub.cli(['schema', 'generate', 'c', 'env-sensor', '--out', out]);
  assert.equal(code, 0);
  assert.deepEqual(stdout.trim().split('\n'), [join(out, 'env_sensor.h'), join(out, 'env_sensor.c')]);
  assert.match(readFileSync(join(out, 'env_sensor.h'), 'utf8'), /#define ENV_SENSOR_TYPE "env-sensor@1"/);
  const unknown = await hub.cli(['schema', 'generate', 'c', 'no-such-type', '--out', out]);
  assert.notEqual(unknown.code, 0);
  assert.match(unknown.stderr, /no device type no-such-type; there are env-sensor@1/);
});
