import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { buildExample, buildReadme } from '../../helpers/sdk/c-example.ts';
import { DeviceExamples } from '../../helpers/sdk/device-examples.ts';
import { spawnGuarded } from '../../helpers/services/guard.ts';
import { spawnHub, type HubProcess } from '../../helpers/services/process.ts';

/** The examples of the C SDK, under the sanitizers. */

const folder = mkdtempSync(join(tmpdir(), 'sdk-c-examples-'));
let hub: HubProcess;
const examples = new DeviceExamples(
  () => hub,
  folder,
  (name) => [buildExample(name, folder)],
);

before(async () => {
  hub = await spawnHub();
});

after(async () => {
  await hub?.close();
  rmSync(folder, { recursive: true });
});

test('the code of the README, compiled as it says, gets its first readings stored, in at most 40 lines', async (t) => {
  const secret = await examples.add('d-1', 'env-sensor@1');
  const { port } = new URL(hub.deviceUrl);
  const { program, lines } = await buildReadme(join(folder, 'readme'), port);
  assert.ok(lines <= 40, `${lines} lines`);
  // The README's own paths: the data folder is `var`, the state `my-device/state`.
  mkdirSync(join(folder, 'readme', 'var', 'tls'), { recursive: true });
  writeFileSync(join(folder, 'readme/var/tls/ca.crt'), readFileSync(join(hub.dataDir, 'tls/ca.crt')));
  const child = await spawnGuarded(program, [], { ...process.env, SECRET: secret }, join(folder, 'readme'));
  t.after(() => child.end('SIGKILL'));
  const [first] = await examples.readings('d-1', 'env', 2);
  assert.equal(first?.fields['temperature'], 21.5);
});

examples.declare();
examples.declareTwin();
examples.declareUpdate((version) => readFileSync(buildExample('sensor', folder, 'openssl', version)));
examples.declareEncodings(() => [buildExample('../test/binary', folder)]);
test('a device that was made with another order of fields is told so, and sends no reading', async (t) => {
  const env = examples.environment('moved', await examples.add('moved', 'env-sensor@1'));
  const binary = buildExample('../test/binary', folder);
  const child = await spawnGuarded(binary, [], { ...env, HUB_CBOR: 'other' }, folder);
  t.after(() => child.end('SIGKILL'));
  assert.equal((await child.exited).code, 0);
  assert.equal(child.output(), 'unsupported /layout enum\n');
});

examples.declareUnseen('a boot', () => [buildExample('../test/unseen', folder)]);
