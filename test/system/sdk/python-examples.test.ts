import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { callApi } from '../../../hub/cli/admin-client.ts';
import { generateCode } from '../../../schemas/generate/generate-code.ts';
import { loadDeviceTypes } from '../../../schemas/index.ts';
import { DeviceExamples } from '../../helpers/sdk/device-examples.ts';
import { pythonFolder, pythonProgram } from '../../helpers/sdk/python-sdk.ts';
import { addFirmware } from '../../helpers/firmware/add-firmware.ts';
import { spawnGuarded, type GuardedChild } from '../../helpers/services/guard.ts';
import { spawnHub, type HubProcess } from '../../helpers/services/process.ts';

/** The examples of the Python SDK. */

const folder = mkdtempSync(join(tmpdir(), 'sdk-python-examples-'));
let hub: HubProcess;
const examples = new DeviceExamples(
  () => hub,
  folder,
  (name) => pythonProgram(`examples/${name}.py`),
);

before(async () => {
  hub = await spawnHub();
});

after(async () => {
  await hub?.close();
  rmSync(folder, { recursive: true });
});

test('the code of the README, run as it says, gets its first readings stored, in at most 40 lines', async (t) => {
  const secret = await examples.add('d-1', 'env-sensor@1');
  const text = readFileSync(join(pythonFolder, 'README.md'), 'utf8');
  const [, code = ''] = /^ *```python\n(.*?)^ *```$/ms.exec(text) ?? [];
  const [, start = ''] = /^ *SECRET=… (PYTHONPATH=.*)$/m.exec(text) ?? [];
  const lines = code.split('\n').filter((line) => line.trim() !== '').length;
  assert.ok(lines > 0 && lines <= 40, `${lines} lines`);
  const readme = join(folder, 'readme');
  mkdirSync(join(readme, 'my-device'), { recursive: true });
  mkdirSync(join(readme, 'var'));
  symlinkSync(join(pythonFolder, '..'), join(readme, 'sdk'));
  cpSync(join(hub.dataDir, 'tls'), join(readme, 'var/tls'), { recursive: true });
  const type = (await loadDeviceTypes(join(pythonFolder, '../../schemas/device-types'))).get('env-sensor@1');
  assert.ok(type);
  for (const file of generateCode('python', type))
    writeFileSync(join(readme, 'my-device', file.name), file.text);
  const indent = /^ */.exec(code)?.[0] ?? '';
  const { port } = new URL(hub.deviceUrl);
  const own = code.replaceAll(new RegExp(`^${indent}`, 'gm'), '').replace(':8443', `:${port}`);
  writeFileSync(join(readme, 'my-device/main.py'), own);
  const env = { ...process.env, SECRET: secret, PYTHONDONTWRITEBYTECODE: '1' };
  const child = await spawnGuarded('sh', ['-c', `exec env ${start}`], env, readme);
  t.after(() => child.end('SIGKILL'));
  const [first] = await examples.readings('d-1', 'env', 2);
  assert.equal(first?.fields['temperature'], 21.5);
});

examples.declare();
examples.declareTwin();
examples.declareUpdate((version) =>
  Buffer.from(
    readFileSync(join(pythonFolder, 'examples/sensor.py'), 'utf8').replace('"1.0.0"', `"${version}"`),
  ),
);

test('a device takes new firmware: it gets the file, verifies it, and runs it in its next boot', async (t) => {
  const bytes = randomBytes(100_000);
  await addFirmware(hub, bytes);
  const env = examples.environment('updated', await examples.add('updated', 'env-sensor@1'));
  const boot = async (version: string): Promise<GuardedChild> => {
    const [program, ...args] = pythonProgram('test/updated.py', { FIRMWARE: version });
    const child = await spawnGuarded(program, args, env, folder);
    t.after(() => child.end('SIGKILL'));
    return child;
  };
  const old = await boot('1.0.0');
  const body = { id: 'r-1', type: 'env-sensor', version: '2.0.0', to: 'updated', soakSec: 1 };
  const socket = join(hub.dataDir, 'hub.sock');
  await callApi(socket, 'POST /api/v1/rollouts', { body });
  assert.equal((await old.exited).code, 0, old.output());
  assert.equal(old.output(), '2.0.0 100000\n');
  const updated = await boot('2.0.0');
  assert.equal((await updated.exited).code, 0, updated.output());
  const { states } = await callApi(socket, 'GET /api/v1/rollouts/{id}', { params: { id: 'r-1' } });
  assert.deepEqual(states, { succeeded: 1 });
});

examples.declareEncodings(() => pythonProgram('test/binary.py'));
examples.declareUnseen('a boot', () => pythonProgram('test/unseen.py'));
// More boots than a hello can name: they are told in several sessions.
examples.declareUnseen('ten boots', () => pythonProgram('test/unseen.py', { BOOTS: '10' }));
examples.declareUnseen('a boot, sent by asyncio,', () => pythonProgram('test/unseen.py', { AIO: '1' }));
// The sockets of MicroPython, on CPython with stand-ins.
examples.declareUnseen('a board', () => pythonProgram('test/unseen.py', { BOARD: '1' }));
