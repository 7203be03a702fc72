import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { temporaryFolder, type TemporaryFolder } from '../../helpers/services/guard.ts';
import { query, startInflux, type InfluxServer } from '../../helpers/services/influxd.ts';
import { spawnHub, type HubProcess } from '../../helpers/services/process.ts';

/** `sim replay` against the real hub and the real InfluxDB, on recordings made here. */

const sim = fileURLToPath(new URL('../../../device-sim/main.ts', import.meta.url));

let influx: InfluxServer;
let hub: HubProcess;
let folder: TemporaryFolder;

before(async () => {
  folder = temporaryFolder('replay');
  influx = await startInflux();
  hub = await spawnHub({ env: { HUB_INFLUX_URL: influx.url, HUB_BACKFILL_MAX_AGE_DAYS: '36500' } });
});

after(async () => {
  await hub?.close();
  await influx?.close();
  folder?.remove();
});

interface Run {
  code: number;
  stdout: string;
  stderr: string;
}

async function newDevice(id: string, type: string): Promise<string> {
  const { stdout } = await hub.cli(['device', 'add', id, '--type', type, '--json']);
  return (JSON.parse(stdout) as { secret: string }).secret;
}

function replay(file: string, id: string, secret: string, args: readonly string[]): Promise<Run> {
  const common = [
    '--url',
    hub.deviceUrl,
    '--ca',
    join(hub.dataDir, 'tls', 'ca.crt'),
    '--id',
    id,
    '--secret',
    secret,
  ];
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [sim, 'replay', file, ...common, ...args, '--json'],
      (error, stdout, stderr) => {
        const code = error === null ? 0 : Number(error.code ?? -1);
        resolve({ code, stdout, stderr });
      },
    );
  });
}

async function stored(measurement: string, field: string, device: string): Promise<[number, number]> {
  const influxql = `SELECT count(${field}), sum(${field}) FROM ${measurement} WHERE device = '${device}'`;
  const [series] = await query(influx.url, 'hub', influxql);
  const row = series?.values[0] ?? [];
  return [Number(row[1] ?? 0), Number(row[2] ?? 0)];
}

test('a recording is in InfluxDB row for row, converted, and a second replay changes nothing', async () => {
  const rows = Array.from({ length: 3_000 }, (_, index) => {
    const time = new Date(Date.UTC(2016, 0, 1) + index * 3_600_000)
      .toISOString()
      .slice(0, 19)
      .replace('T', ' ');
    return { time, fahrenheit: Number((70 + 15 * Math.sin(index / 24) + index / 1_000).toFixed(6)) };
  });
  const file = join(folder.path, 'office.csv');
  const lines = rows.map(({ time, fahrenheit }) => `${time},${fahrenheit}`);
  await writeFile(file, `timestamp,value\n${lines.join('\n')}\n`);
  const secret = await newDevice('office', 'env-sensor@1');
  const args = ['--type', 'env-sensor@1', '--column', 'value=temperature', '--unit', 'temperature=degF:Cel'];

  const expected = rows.reduce((sum, { fahrenheit }) => sum + ((fahrenheit - 32) * 5) / 9, 0);
  for (const run of ['first', 'second']) {
    const { code, stderr } = await replay(file, 'office', secret, args);
    assert.equal(code, 0, `${run}: ${stderr}`);
    const [count, sum] = await stored('env_sensor_env', 'temperature', 'office');
    assert.equal(count, rows.length, run);
    assert.ok(Math.abs(sum - expected) < 1e-6 * expected, `${run}: sum ${sum}, expected ${expected}`);
  }
  const [series] = await query(
    influx.url,
    'hub',
    `SELECT first(temperature) FROM env_sensor_env WHERE device = 'office'`,
  );
  assert.equal(series?.values[0]?.[0], Date.UTC(2016, 0, 1) * 1_000);
});

test('bad rows are named by line and column and disturb no other row', async () => {
  const file = join(folder.path, 'road.csv');
  const lines = [
    'timestamp,value',
    '2015-09-01 00:00:00,60.5',
    '2015-09-01 00:20:00,61',
    '2015-09-01 00:10:00,59',
    '2015-09-08 00:10:00,fast',
    '2015-09-08 00:20:00,',
    '2015-09-08 00:30:00,62',
    '2015-09-08 00:30:00,62',
    'yesterday,63',
    '2015-09-08 00:40:00,9000',
  ];
  await writeFile(file, `${lines.join('\n')}\n`);
  const secret = await newDevice('road', 'traffic-detector@1');
  const args = ['--type', 'traffic-detector@1', '--column', 'value=speed'];
  const { code, stdout, stderr } = await replay(file, 'road', secret, args);
  assert.equal(code, 1, stderr);
  assert.deepEqual(await stored('traffic_detector_traffic', 'speed', 'road'), [4, 60.5 + 61 + 59 + 62]);
  const summary = stdout + stderr;
  for (const named of ['fast', 'yesterday', '/speed']) assert.match(summary, new RegExp(named), summary);
});
