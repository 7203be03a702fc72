import { existsSync } from 'node:fs';
import assert from 'node:assert/strict';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { createAuditStore } from '../../../hub/adapters/sqlite/sqlite-audit-store.ts';
import { createDeviceStore } from '../../../hub/adapters/sqlite/sqlite-device-store.ts';
import { openStateDatabase } from '../../../hub/adapters/sqlite/state-database.ts';
import { startAdmin } from '../../../hub/adapters/http/admin-server.ts';
import { serveDevices } from '../../../hub/adapters/http/routes/device-routes.ts';
import { serveLedger } from '../../../hub/adapters/http/routes/ledger-routes.ts';
import { serveReadings } from '../../../hub/adapters/http/routes/reading-routes.ts';
import { serveSpool } from '../../../hub/adapters/http/routes/spool-routes.ts';
import { openMetricsStore } from '../../../hub/adapters/sqlite/metrics/metrics-store.ts';
import { readConfig, type Config } from '../../../hub/config/config.ts';
import { createLog } from '../../../hub/kernel/log.ts';
import { lockDataDir } from '../../../hub/adapters/sqlite/data-dir.ts';
import { systemClock } from '../../../schemas/time/clock.ts';
import { openOfflineOperations } from '../../../hub/offline.ts';
import { createReadings } from '../../../hub/telemetry/history/readings.ts';
import { loadDeviceTypes } from '../../../schemas/index.ts';
import { dataFolder, runCommand as run } from '../../helpers/cli.ts';
import { newKey } from '../../helpers/tokens.ts';

function configOf(dataDir: string): Config {
  const env = { HUB_DATA_DIR: dataDir };
  return readConfig({ env, cwd: dataDir, isCron: () => true, readFile: () => '' }).config;
}

const lines = (text: string): unknown[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as unknown);

/** The admin side of a hub on `dataDir`: real devices, a real metrics store with the given lines. */
async function runHub(t: TestContext, dataDir: string, stored: readonly string[] = []): Promise<void> {
  const log = createLog({ level: 'silent' });
  const config = configOf(dataDir);
  const devices = await openOfflineOperations(config, { create: true });
  t.after(() => devices.close());
  const store = await openMetricsStore({ file: join(dataDir, 'metrics.db') });
  t.after(() => store.close());
  if (stored.length > 0) assert.deepEqual(await store.write(stored), { kind: 'stored' });
  const catalog = await loadDeviceTypes(config.schemasDir);
  const types = new Map(
    (await devices.listDevices({ limit: 100 })).devices.map(({ id, type }) => [id, catalog.get(type)]),
  );
  const readings = createReadings({ store, typeOf: (id) => types.get(id) ?? assert.fail(id) });
  const admin = await startAdmin(
    {
      serveApi(app) {
        serveDevices(app, { ...devices, why: unused });
        serveReadings(app, {
          readings,
          lastValues: unused,
          newestValues: () => ({ fields: [], devices: {} }),
          series: unused,
          sentEvents: unused,
          logs: unused,
        });
        serveLedger(app, devices);
        serveSpool(app, devices);
      },
      readiness: () => Promise.resolve({ ready: true, parts: {} }),
      metrics: () => Promise.resolve({ contentType: 'text/plain', body: '' }),
      log,
    },
    { listen: { host: '127.0.0.1', port: 0 }, socketPath: join(dataDir, 'hub.sock') },
  );
  t.after(() => admin.close());
}

const unused = (): Promise<never> => Promise.reject(new Error('not asked for in this test'));

for (const where of ['on the files when no hub runs', 'through the running hub'] as const) {
  const begin = async (t: TestContext): Promise<string> => {
    const dataDir = dataFolder(t);
    if (where === 'through the running hub') await runHub(t, dataDir);
    return dataDir;
  };

  test(`devices are added in number, one credential a line, ${where}`, async (t) => {
    const dataDir = await begin(t);
    const args = [
      'device',
      'add',
      '--count',
      '3',
      '--prefix',
      'd-',
      '--type',
      'env-sensor@1',
      '--site',
      'a',
      '--json',
    ];
    const added = await run(args, dataDir);
    assert.deepEqual([added.code, added.err], [0, '']);
    const credentials = lines(added.out) as { id: string; secret: string }[];
    assert.deepEqual(
      credentials.map(({ id }) => id),
      ['d-1', 'd-2', 'd-3'],
    );
    assert.equal(new Set(credentials.map(({ secret }) => secret)).size, 3);
    for (const credential of credentials) assert.deepEqual(Object.keys(credential), ['id', 'secret']);

    const listed = lines((await run(['device', 'list', '--json'], dataDir)).out) as {
      id: string;
      site: string;
    }[];
    assert.deepEqual(
      listed.map(({ id, site }) => [id, site]),
      [
        ['d-1', 'a'],
        ['d-2', 'a'],
        ['d-3', 'a'],
      ],
    );
  });

  test(`a name that is taken adds none of them, ${where}`, async (t) => {
    const dataDir = await begin(t);
    assert.equal((await run(['device', 'add', 'd-2', '--type', 'env-sensor@1'], dataDir)).code, 0);
    const args = ['device', 'add', '--count', '3', '--prefix', 'd-', '--type', 'env-sensor@1'];
    const refused = await run(args, dataDir);
    assert.equal(refused.code, 1);
    assert.equal(refused.out, '');
    assert.match(refused.err, /^device-hub: a device with this id exists already: .*d-2/);
    assert.equal(lines((await run(['device', 'list', '--json'], dataDir)).out).length, 1);
  });

  test(`a device is shown and removed, and then unknown, ${where}`, async (t) => {
    const dataDir = await begin(t);
    const added = await run(['device', 'add', 'meter_7', '--type', 'smart-valve@1'], dataDir);
    assert.match(added.out, /^DEVICE {3}SECRET\nmeter_7 {2}\S{22,}\n$/);
    assert.match(added.err, /secrets are shown only once/);
    const shown = await run(['device', 'show', 'meter_7'], dataDir);
    assert.match(shown.out, /^id +meter_7\ntype +smart-valve@1\nsite +default\n/);
    assert.match(shown.out, /^registered +\d{4}-\d\d-\d\dT/m);
    const details = lines((await run(['device', 'show', 'meter_7', '--json'], dataDir)).out)[0] as {
      epoch: number;
    };
    assert.equal(details.epoch, 0);
    assert.equal((await run(['device', 'remove', 'meter_7'], dataDir)).code, 0);
    for (const verb of ['show', 'remove']) {
      const gone = await run(['device', verb, 'meter_7'], dataDir);
      assert.equal(gone.code, 1);
      assert.equal(gone.err, 'device-hub: there is no device with this id: meter_7\n');
    }
  });

  test(`a device type that does not exist is refused with those that do, ${where}`, async (t) => {
    const dataDir = await begin(t);
    const refused = await run(['device', 'add', 'd-1', '--type', 'toaster@1'], dataDir);
    assert.equal(refused.code, 1);
    assert.match(refused.err, /toaster@1.*env-sensor@1/);
  });
}

test('secrets, keys, a rotation and a lock are changed on the files when no hub runs, and are in the audit', async (t) => {
  const dataDir = dataFolder(t);
  const json = async <T>(...args: string[]): Promise<T[]> => {
    const { code, out, err } = await run([...args, '--json'], dataDir);
    assert.equal(code, 0, err);
    return lines(out) as T[];
  };
  const plain = async (...args: string[]): Promise<string> => {
    const { code, out, err } = await run(args, dataDir);
    assert.equal(code, 0, err);
    return out;
  };
  await json('device', 'add', 'd-1', '--type', 'env-sensor@1');
  const [second] = await json<{ id: string; secret: string }>('device', 'credential', 'add', 'd-1');
  assert.match(second?.secret ?? '', /^\S{32}$/);
  const { publicPem } = newKey('EdDSA');
  await writeFile(join(dataDir, 'd-1.pem'), publicPem);
  await json('device', 'credential', 'add', 'd-1', '--public-key', 'd-1.pem');
  await plain('device', 'credential', 'revoke', 'd-1', second?.id ?? '');
  const left = await json<{ kind: string }>('device', 'credential', 'list', 'd-1');
  assert.deepEqual(
    left.map(({ kind }) => kind),
    ['secret', 'key'],
  );
  assert.match(await plain('device', 'disable', 'd-1'), /d-1 is disabled/);
  assert.match(await plain('device', 'rotate', '--all'), /^d-1 /m);
  const unknown = await run(['device', 'disable', 'nobody'], dataDir);
  assert.deepEqual([unknown.code, unknown.err], [1, 'device-hub: there is no device with this id: nobody\n']);

  const state = await openStateDatabase(join(dataDir, 'state.db'));
  t.after(() => state.close());
  const [device] = await createDeviceStore(state).load();
  assert.deepEqual([device?.disabled, device?.rotationDueMs !== undefined], [true, true]);
  const entries = await createAuditStore(state).list({ limit: 100 });
  assert.deepEqual(
    entries.map(({ actor, origin, action, subject, outcome }) =>
      [actor, origin, action, subject, outcome].join(' '),
    ),
    [
      'local cli device.add d-1 done',
      'local cli credential.add d-1 done',
      'local cli credential.add d-1 done',
      `local cli credential.revoke d-1/${second?.id ?? ''} done`,
      'local cli device.disable d-1 done',
      'local cli credential.rotate d-1 done',
      'local cli device.disable nobody refused',
    ],
  );
});

test('a configuration file with a secret in it is judged by who may read and write it', async (t) => {
  const dataDir = dataFolder(t);
  const file = join(dataDir, 'hub.json');
  const check = () => run(['check-config', '--config', file], dataDir);
  await writeFile(file, '{"mqttUrl":"mqtt://b","mqttUsername":"hub","mqttPassword":"s3cret"}', {
    mode: 0o600,
  });
  assert.deepEqual([(await check()).code, (await check()).err], [0, '']);
  await chmod(file, 0o644);
  assert.match((await check()).err, /hub\.json holds a secret and other users may read it; chmod 600/);
  await chmod(file, 0o666);
  const refused = await check();
  assert.equal(refused.code, 2);
  assert.match(refused.err, /others may write to it; chmod 600/);
  assert.ok(!refused.err.includes('s3cret'));
});

test('the list is a table that lines up', async (t) => {
  const dataDir = dataFolder(t);
  await run(['device', 'add', 'a-rather-long-name', '--type', 'env-sensor@1'], dataDir);
  await run(['device', 'add', 'b', '--type', 'traffic-detector@1', '--site', 'north'], dataDir);
  const rows = (await run(['device', 'list'], dataDir)).out.trimEnd().split('\n');
  assert.equal(rows.length, 3);
  assert.match(rows[0] ?? '', /^DEVICE +TYPE +SITE +PRESENCE +SINCE +FIRMWARE$/);
  const column = rows[0]?.indexOf('SITE');
  assert.equal(rows[2]?.indexOf('north'), column);
});

test('wrong arguments end with 2 and one line that names them', async (t) => {
  const dataDir = dataFolder(t);
  const add = ['device', 'add'];
  const typed = ['--type', 'env-sensor@1'];
  const cases: [string[], RegExp][] = [
    [['dance'], /unknown command 'dance'/],
    [['device', 'add', 'd-1'], /--type <type>' not specified/],
    [[...add, ...typed], /give a device id, or --count and --prefix/],
    [[...add, 'd 1', ...typed], /'d 1' is invalid.*1 to 64 letters/],
    [[...add, 'd-1', '--type', 'env-sensor'], /'env-sensor' is invalid.*name@version/],
    [[...add, 'd-1', ...typed, '--site', 'a,b'], /'a,b' is invalid/],
    [[...add, 'd-1', ...typed, '--count', '2', '--prefix', 'x'], /either a device id or --count/],
    [[...add, ...typed, '--count', '2'], /--count needs --prefix/],
    [[...add, ...typed, '--prefix', 'x'], /--prefix needs --count/],
    [[...add, ...typed, '--count', '0', '--prefix', 'x'], /'0' is invalid.*1 to 10000/],
    [[...add, ...typed, '--count', '2', '--prefix', 'ü-'], /ü-2 is not a device id/],
    [['readings', 'd-1', 'env', '--last', 'all'], /'all' is invalid.*1 to 100000/],
    [['readings', 'd-1', 'env', '--from', 'yesterday'], /'yesterday' is invalid.*with a zone/],
    [['readings', 'd-1', 'env', '--from', '2026-01-01T00:00:00'], /with a zone/],
    [['readings', 'd-1', 'env', '--from', '2026-01-02', '--to', '2026-01-01'], /--from must be before --to/],
    [['audit', 'list', '--from', '2026-01-02', '--to', '2026-01-02'], /--from must be before --to/],
    [['readings', 'd-1'], /missing required argument 'stream'/],
  ];
  for (const [args, message] of cases) {
    const { code, out, err } = await run(args, dataDir);
    assert.equal(code, 2, args.join(' '));
    assert.equal(out, '');
    assert.match(err, message);
  }
});

test('help and version are answers, not faults', async (t) => {
  const dataDir = dataFolder(t);
  const help = await run(['--help'], dataDir);
  assert.equal(help.code, 0);
  for (const command of ['start', 'check-config', 'device', 'readings'])
    assert.match(help.out, new RegExp(`^  ${command}`, 'm'));
  assert.deepEqual(await run(['--version'], dataDir), { code: 0, out: '1.2.3\n', err: '' });
});

test('readings are read through the running hub, newest or by range', async (t) => {
  const dataDir = dataFolder(t);
  await run(['device', 'add', 'd-1', '--type', 'env-sensor@1'], dataDir);
  const startUs = Date.parse('2026-01-01T00:00:00Z') * 1_000;
  const stored = Array.from(
    { length: 20 },
    (_, index) =>
      `env_sensor_env,device=d-1,site=default,type=env-sensor temperature=${index} ${startUs + index * 1_000_000 + 250}`,
  );
  await runHub(t, dataDir, stored);
  const newest = await run(['readings', 'd-1', 'env', '--last', '2'], dataDir);
  assert.equal(newest.code, 0, newest.err);
  assert.equal(
    newest.out,
    'TIME                         temperature\n' +
      '2026-01-01T00:00:18.000250Z  18\n' +
      '2026-01-01T00:00:19.000250Z  19\n',
  );
  assert.equal(lines((await run(['readings', 'd-1', 'env', '--json'], dataDir)).out).length, 10);
  const args = [
    'readings',
    'd-1',
    'env',
    '--from',
    '2026-01-01T00:00:05Z',
    '--to',
    '2026-01-01T01:00:08+01:00',
    '--json',
  ];
  const ranged = lines((await run(args, dataDir)).out) as {
    timeMs: number;
    fields: { temperature: number };
  }[];
  assert.deepEqual(
    ranged.map(({ fields }) => fields.temperature),
    [5, 6, 7],
  );
  assert.equal(ranged[0]?.timeMs, startUs / 1_000 + 5_000.25);

  const asCsv = await run([...args.slice(0, -1), '--csv'], dataDir);
  assert.equal(
    asCsv.out,
    'time,temperature\n' +
      '2026-01-01T00:00:05.000250Z,5\n' +
      '2026-01-01T00:00:06.000250Z,6\n' +
      '2026-01-01T00:00:07.000250Z,7\n',
  );

  const unknown = await run(['readings', 'd-1', 'flow'], dataDir);
  assert.equal(unknown.code, 1);
  assert.match(unknown.err, /no stream flow; it has env/);
});

test('readings without a running hub say how to get one', async (t) => {
  const refused = await run(['readings', 'd-1', 'env'], dataFolder(t));
  assert.equal(refused.code, 1);
  assert.match(refused.err, /^device-hub: no hub runs on this data folder: .*npm start.*--data-dir\n$/);
});

test('a command that only reads makes no hub of a mistyped folder', async (t) => {
  const dataDir = join(dataFolder(t), 'mistyped');
  for (const args of [['device', 'list'], ['ledger'], ['spool', 'status'], ['device', 'remove', 'd-1']]) {
    const refused = await run(args, dataDir);
    assert.equal(refused.code, 1, args.join(' '));
    assert.match(refused.err, /no hub has used this folder; give the folder of your hub with HUB_DATA_DIR/);
  }
  assert.equal(existsSync(dataDir), false);
  // What begins a fleet may come before the first start.
  const added = await run(['device', 'add', 'd-1', '--type', 'env-sensor@1'], dataDir);
  assert.equal(added.code, 0, added.err);
  assert.equal((await run(['device', 'list'], dataDir)).code, 0);
});

test('a command that meets a hub in the midst of its start waits for it', async (t) => {
  const dataDir = dataFolder(t);
  const lock = lockDataDir(dataDir);
  let tries = 0;
  const listed = await run(['device', 'list'], dataDir, {
    clock: systemClock,
    async openOfflineOperations(config, options) {
      tries += 1;
      if (tries === 2) {
        lock.release();
        await runHub(t, dataDir);
      }
      return openOfflineOperations(config, options);
    },
  });
  assert.equal(listed.code, 0, listed.err);
  assert.equal(tries, 2);
});

test('device types that are not valid are a fault of the folder, and not of the program', async (t) => {
  const dataDir = dataFolder(t);
  await writeFile(join(dataDir, 'bad.json'), '{"name":"bad","version":1,"streams":5}');
  const env = { HUB_DATA_DIR: dataDir, HUB_SCHEMAS_DIR: dataDir };
  const { code, err } = await run(['device', 'add', 'd-1', '--type', 'bad@1'], dataDir, { env });
  assert.equal(code, 1, err);
  assert.match(err, /bad\.json: .*\/streams/s);
  assert.doesNotMatch(err, /bug in the program/);
});
