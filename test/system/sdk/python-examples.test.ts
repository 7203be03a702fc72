import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { generateCode } from '../../../schemas/generate/generate-code.ts';
import { loadDeviceTypes } from '../../../schemas/index.ts';
import { DeviceExamples } from '../../helpers/sdk/device-examples.ts';
import { pythonFolder, pythonProgram } from '../../helpers/sdk/python-sdk.ts';
import { spawnGuarded } from '../../helpers/services/guard.ts';
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
examples.declareUnseen('a boot', () => pythonProgram('test/unseen.py'));
// More boots than a hello can name: they are told in several sessions.
examples.declareUnseen('ten boots', () => pythonProgram('test/unseen.py', { BOOTS: '10' }));
examples.declareUnseen('a boot, sent by asyncio,', () => pythonProgram('test/unseen.py', { AIO: '1' }));
// The sockets of MicroPython, on CPython with stand-ins.
examples.declareUnseen('a board', () => pythonProgram('test/unseen.py', { BOARD: '1' }));
