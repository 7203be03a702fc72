import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import packageJson from '../../../package.json' with { type: 'json' };
import { adminClient, callApi } from '../../../hub/cli/admin-client.ts';
import { openMetricsStore } from '../../../hub/adapters/sqlite/metrics/metrics-store.ts';
import { openDatabase } from '../../../hub/adapters/sqlite/sqlite.ts';
import { stateMigrations } from '../../../hub/adapters/sqlite/state-database.ts';
import { dataFolder, runCommand } from '../../helpers/cli.ts';
import { connectRaw } from '../../helpers/devices/raw-device.ts';
import { startInProcessHub } from '../../helpers/hubs/in-process-hub.ts';

/** A folder for each released version, made by `test/data/make-state.ts` with the version's own code. */
const released = fileURLToPath(new URL('../../data/', import.meta.url));
const versions = readdirSync(released).filter((name) => /^\d/.test(name));
const databases = ['state.db', 'spool.db', 'metrics.db'];

function stateOf(version: string, dataDir: string): { version: string; secret: string } {
  mkdirSync(dataDir, { recursive: true });
  for (const name of databases) cpSync(join(released, version, name), join(dataDir, name));
  return JSON.parse(readFileSync(join(released, version, 'made.json'), 'utf8')) as {
    version: string;
    secret: string;
  };
}

test('every version that was released has its state among the tests', () => {
  assert.ok(versions.includes(packageJson.version), `make the state of ${packageJson.version}`);
});

for (const version of versions) {
  test(`the state that ${version} made is whole for the hub of today, and is backed up and restored by it`, async (t) => {
    const dataDir = dataFolder(t);
    const { version: made, secret } = stateOf(version, dataDir);
    assert.equal(made, version);
    const folder = join(dataFolder(t), 'backup');
    const backup = await runCommand(['backup', folder], dataDir);
    assert.equal(backup.code, 0, backup.err);

    // The store is away, so that the spool keeps what waits in it.
    const hub = await startInProcessHub(t, { HUB_DATA_DIR: dataDir, HUB_INFLUX_URL: 'http://127.0.0.1:9' });
    const socket = join(dataDir, 'hub.sock');
    const admin = adminClient(socket);
    const device = await admin.showDevice('d-1');
    assert.deepEqual([device.type, device.site, device.labels], ['env-sensor@1', 'hall', { floor: '2' }]);
    assert.equal((await admin.showDevice('d-2')).disabled, true);
    assert.equal((await callApi(socket, 'GET /api/v1/groups', {})).groups[0]?.selector, 'site=hall');
    const [schedule] = (await callApi(socket, 'GET /api/v1/schedules', {})).schedules;
    assert.deepEqual(
      [schedule?.name, schedule?.cron, schedule?.timeZone],
      ['nightly', '0 4 * * *', 'Europe/Berlin'],
    );
    const [command] = (await callApi(socket, 'GET /api/v1/commands', {})).commands;
    assert.deepEqual([command?.id, command?.name, command?.params], ['c-1', 'set-interval', { seconds: 60 }]);
    const { tokens } = await callApi(socket, 'GET /api/v1/operators', {});
    assert.deepEqual(
      tokens.map(({ name }) => name),
      ['ci'],
    );
    const { entries } = await callApi(socket, 'GET /api/v1/audit', { query: { limit: 100 } });
    const sent = entries.find(({ action }) => action === 'command.send');
    assert.deepEqual([sent?.actor, sent?.origin, sent?.subject], ['local', 'cli', 'd-1/c-1']);
    assert.ok((await admin.spoolStatus()).lines > 0);
    const session = await connectRaw({ url: hub.hub.deviceUrl, id: 'd-1', secret });
    t.after(() => session.close());
    session.send({ type: 'hello', boot: 'of-today', deviceType: 'env-sensor@1', t1: 1 });
    const welcome = await session.next('welcome');
    assert.equal(welcome.epoch, device.epoch + 1);
    assert.ok(device.epoch > 0);

    const restored = join(dataFolder(t), 'restored');
    const run = await runCommand(['restore', folder], restored);
    assert.equal(run.code, 0, run.err);
    assert.match((await runCommand(['device', 'list'], restored)).out, /^d-1 /m);
    const store = await openMetricsStore({ file: join(restored, 'metrics.db') });
    t.after(() => store.close());
    const query = { measurement: 'env_sensor_env', device: 'd-1', fromMs: 0, toMs: Date.now(), limit: 1 };
    const [reading] = await store.readings({ ...query, take: 'last' });
    assert.equal(typeof reading?.fields['temperature'], 'number');
  });
}

test('the way back is refused: a hub names the version of the newer state and its own, and leaves it alone', async (t) => {
  const dataDir = dataFolder(t);
  const newer = [...stateMigrations, 'CREATE TABLE of_tomorrow (id TEXT)'];
  await (await openDatabase({ file: join(dataDir, 'state.db'), migrations: newer })).close();
  const before = readFileSync(join(dataDir, 'state.db'));
  const run = await runCommand(['device', 'list'], dataDir);
  assert.equal(run.code, 1);
  assert.match(
    run.err,
    new RegExp(
      `made by a newer version \\(${newer.length}, this one knows ${stateMigrations.length}\\).*start the newer`,
    ),
  );
  assert.deepEqual(readFileSync(join(dataDir, 'state.db')), before);
});
