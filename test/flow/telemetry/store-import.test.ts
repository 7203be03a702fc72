import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, suite, test, type TestContext } from 'node:test';
import { openMetricsStore } from '../../../hub/adapters/sqlite/metrics/metrics-store.ts';
import { importReadings } from '../../../hub/wiring/state/import-wiring.ts';
import { compactAll } from '../../helpers/embedded-store.ts';
import { dataFolder, runCommand } from '../../helpers/cli.ts';
import { query, startInflux, type InfluxServer } from '../../helpers/services/influxd.ts';
import { startTcpProxy } from '../../helpers/services/tcp-proxy.ts';

/** A Monday in 2026, a whole minute; Unix ms. */
const t0 = 1_767_600_000_000;
const devices = 3;
const readings = 5_000;

/** A data folder whose hub has stored readings of each kind, events, presence and minutes. */
async function leftFolder(t: TestContext): Promise<string> {
  const folder = dataFolder(t);
  const file = join(folder, 'metrics.db');
  const store = await openMetricsStore({ file });
  for (let device = 1; device <= devices; device += 1) {
    const tags = `device=env-${device},site=north\\ hall,type=env-sensor`;
    const lines = Array.from({ length: readings }, (_, n) => {
      const rssi = n % 2 === 0 ? `,rssi=-${60 + (n % 20)}i` : '';
      return `env_sensor_env,${tags} temperature=${20 + (n % 10)}${rssi} ${(t0 + n * 1_000) * 1000}`;
    });
    const events = `event,name=tamper,${tags} data="{\\"a \\\\\\\\ b\\":1}",severity="info" ${t0 * 1000}`;
    const presence = `presence,${tags} state="online",online=true,n=${device}i ${t0 * 1000}`;
    assert.deepEqual(await store.write([...lines, events, presence]), { kind: 'stored' });
  }
  await store.rollUp('env_sensor_env', t0, t0 + 120_000);
  await compactAll(store);
  await store.close();
  return folder;
}

suite('the readings of the embedded store, copied to InfluxDB', () => {
  let influx: InfluxServer;
  before(async () => {
    influx = await startInflux();
  });
  after(() => influx.close());

  const importInto = (folder: string, url: string, ...args: string[]) =>
    runCommand(['import', ...args], folder, { env: { HUB_DATA_DIR: folder, HUB_INFLUX_URL: url } });
  const count = async (of: string): Promise<unknown> =>
    (await query(influx.url, 'hub', `SELECT count(${of}) FROM env_sensor_env`))[0]?.values[0]?.[1];

  test('all of it is there, of the same kinds, and a second run changes nothing', async (t) => {
    const folder = await leftFolder(t);
    const { code, out } = await importInto(folder, influx.url);
    const points = devices * (readings + 4);
    assert.deepEqual(
      { code, out },
      {
        code: 0,
        out: `${points} points of 4 measurements copied\ncounted in InfluxDB: all is there\n`,
      },
    );
    assert.equal(await count('temperature'), devices * readings);
    const kinds = await query(influx.url, 'hub', 'SHOW FIELD KEYS');
    const of = (name: string) => Object.fromEntries(kinds.find((one) => one.name === name)?.values ?? []);
    assert.deepEqual(of('env_sensor_env'), { rssi: 'integer', temperature: 'float' });
    assert.deepEqual(of('presence'), { n: 'integer', online: 'boolean', state: 'string' });
    assert.equal(of('env_sensor_env_1m')['count_temperature'], 'integer');
    assert.equal(of('env_sensor_env_1m')['mean_rssi'], 'float');
    const [event] = await query(influx.url, 'hub', `SELECT data FROM event WHERE device = 'env-1'`);
    assert.equal(event?.values[0]?.[1], '{"a \\\\ b":1}');
    assert.ok(!existsSync(join(folder, 'import.json')));
    const again = await importInto(folder, influx.url, '--json');
    assert.deepEqual(JSON.parse(again.out), { points, refused: 0, measurements: 4, missing: [] });
    assert.equal(await count('temperature'), devices * readings);
  });

  test('an import that is cut goes on where it was, and what is missing in the end is named', async (t) => {
    const folder = await leftFolder(t);
    await query(influx.url, 'hub', 'DROP MEASUREMENT env_sensor_env');
    const proxy = await startTcpProxy({ port: Number(new URL(influx.url).port) });
    t.after(() => proxy.close());
    const proxyUrl = `http://127.0.0.1:${proxy.port}`;
    let batches = 0;
    const cut = await runCommand(['import'], folder, {
      env: { HUB_DATA_DIR: folder, HUB_INFLUX_URL: proxyUrl },
      importReadings: (config, progress) =>
        importReadings(config, (state, of) => {
          progress(state, of);
          if ((batches += 1) !== 2) return;
          void proxy.refuse();
          proxy.cut();
        }),
    });
    assert.equal(cut.code, 1);
    assert.match(cut.err, /run it again, and it goes on from here/);
    const written = Number(await count('temperature'));
    assert.ok(written > 0 && written < devices * readings);
    // What was written before is not written again: it is missed.
    await query(influx.url, 'hub', `DELETE FROM env_sensor_env WHERE time < ${t0 + 10_000}ms`);
    await proxy.resume();
    const rest = await importInto(folder, proxyUrl);
    assert.equal(rest.code, 1);
    assert.match(rest.out, /^env_sensor_env temperature: \d+ of 15000 values are there$/m);
    // And a run from the beginning brings it.
    assert.equal((await importInto(folder, influx.url)).code, 0);
    assert.equal(await count('temperature'), devices * readings);
  });

  test('a folder without readings, and a hub without InfluxDB, are told so', async (t) => {
    const folder = dataFolder(t);
    const none = await importInto(folder, influx.url);
    assert.equal(none.code, 1);
    assert.match(none.err, /there is no .*metrics\.db/);
    const nowhere = await runCommand(['import'], folder);
    assert.match(nowhere.err, /HUB_INFLUX_URL must be the InfluxDB/);
  });
});
