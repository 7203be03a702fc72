import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { dataFolder, runCommand } from '../../helpers/cli.ts';

const shipped = fileURLToPath(new URL('../../../schemas/device-types', import.meta.url));
const committed = fileURLToPath(new URL('../../../dashboards/grafana', import.meta.url));

/** A folder with two of the shipped device types, and how to generate from it. */
function workspace(t: TestContext) {
  const folder = dataFolder(t);
  const schemas = join(folder, 'schemas');
  mkdirSync(schemas);
  for (const name of ['env-sensor@1.json', 'smart-valve@1.json']) {
    copyFileSync(join(shipped, name), join(schemas, name));
  }
  const generate = (...more: string[]) =>
    runCommand(['grafana', 'generate', '--out', 'out', '--schemas', 'schemas', ...more], folder);
  return { folder, schemas, generate };
}

test('what is committed needs no writing', async (t) => {
  const run = await runCommand(['grafana', 'generate', '--out', committed, '--check'], dataFolder(t));
  assert.deepEqual(run, { code: 0, out: '0 of 10 files differ\n', err: '' });
});

test('generating twice writes once, and a check writes nothing and names what differs', async (t) => {
  const { folder, generate } = workspace(t);
  assert.deepEqual((await generate('--check')).code, 1);
  assert.ok(!existsSync(join(folder, 'out')));
  assert.match((await generate()).out, /^9 of 9 files written$/m);
  assert.deepEqual(await generate(), { code: 0, out: '0 of 9 files written\n', err: '' });
  assert.deepEqual(await generate('--check'), { code: 0, out: '0 of 9 files differ\n', err: '' });
  const changed = join(folder, 'out/dashboards/hub.json');
  writeFileSync(changed, `${readFileSync(changed, 'utf8')} `);
  rmSync(join(folder, 'out/provisioning/alerting/hub.yaml'));
  assert.deepEqual(await generate('--check'), {
    code: 1,
    out: 'dashboards/hub.json: changed\nprovisioning/alerting/hub.yaml: missing\n2 of 9 files differ\n',
    err: '',
  });
});

test('the dashboard of a type that is gone goes, and one of your own stays', async (t) => {
  const { folder, schemas, generate } = workspace(t);
  await generate();
  const boards = join(folder, 'out/dashboards');
  writeFileSync(join(boards, 'type-mine.json'), '{"uid": "mine"}');
  writeFileSync(join(boards, 'mine.json'), '{}');
  rmSync(join(schemas, 'smart-valve@1.json'));
  assert.match((await generate('--check')).out, /^dashboards\/type-smart-valve.json: obsolete$/m);
  await generate();
  assert.ok(!existsSync(join(boards, 'type-smart-valve.json')));
  assert.ok(existsSync(join(boards, 'type-mine.json')) && existsSync(join(boards, 'mine.json')));
  assert.equal((await generate('--check')).code, 0);
});

test('the data source reads the database that the hub is configured for', async (t) => {
  const { folder } = workspace(t);
  const env = { HUB_DATA_DIR: folder, HUB_INFLUX_URL: 'http://127.0.0.1:8086', HUB_INFLUX_DATABASE: 'plant' };
  const run = await runCommand(['grafana', 'generate', '--out', 'out'], folder, { env });
  assert.equal(run.code, 0);
  assert.match(
    readFileSync(join(folder, 'out/provisioning/datasources/hub.yaml'), 'utf8'),
    /dbName: plant$/m,
  );
});

test('a device type with a fault, and a folder that is a file, are told and nothing is written', async (t) => {
  const { folder, schemas, generate } = workspace(t);
  writeFileSync(join(schemas, 'bad@1.json'), '{}');
  const refused = await generate();
  assert.equal(refused.code, 1);
  assert.match(refused.err, /bad@1\.json/);
  assert.ok(!existsSync(join(folder, 'out')));
  rmSync(join(schemas, 'bad@1.json'));
  writeFileSync(join(folder, 'out'), '');
  const blocked = await generate();
  assert.equal(blocked.code, 1);
  assert.match(blocked.err, /out.*cannot be (read|written)/);
});

test('one archive holds all files, whole, and is the same each time', async (t) => {
  const { folder, generate } = workspace(t);
  await generate();
  assert.deepEqual(await generate('--zip', 'grafana.zip'), {
    code: 0,
    out: 'grafana.zip: 9 files\n',
    err: '',
  });
  const archive = readFileSync(join(folder, 'grafana.zip'));
  await generate('--zip', 'again.zip');
  assert.deepEqual(readFileSync(join(folder, 'again.zip')), archive);
  const unpack = ['-m', 'zipfile', '-e', 'grafana.zip', 'unpacked'];
  const { status, stderr } = spawnSync('python3', unpack, { cwd: folder, encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  const [unpacked, out] = ['unpacked', 'out'].map((name) =>
    readdirSync(join(folder, name), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'))
      .toSorted(),
  );
  assert.deepEqual(unpacked, out);
});

test('with a webhook, the rules notify it and nothing else changes', async (t) => {
  const { folder, generate } = workspace(t);
  await generate('--webhook', 'https://alerts.example/$team');
  const text = readFileSync(join(folder, 'out/provisioning/alerting/hub.yaml'), 'utf8');
  assert.match(text, /url: "https:\/\/alerts\.example\/\$\$team"/);
  const [rules, notifying] = [/noDataState:/g, /receiver: Device hub/g].map((of) => text.match(of)?.length);
  assert.equal(notifying, rules);
  assert.doesNotMatch(text, /^policies:/m);
});
