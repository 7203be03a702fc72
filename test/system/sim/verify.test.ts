import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../helpers/services/free-port.ts';
import { spawnGuarded, temporaryFolder } from '../../helpers/services/guard.ts';
import { startInflux } from '../../helpers/services/influxd.ts';
import { addDevices } from '../../helpers/drills/ledger-fleet.ts';
import { spawnHub, type HubProcess } from '../../helpers/services/process.ts';
import { waitFor } from '../../helpers/wait-for.ts';

/** `sim verify` is the judge; here it is judged itself: an honest hub passes it, one that acks early does not. */

const simulator = fileURLToPath(new URL('../../../device-sim/main.ts', import.meta.url));
const earlyAckHub = fileURLToPath(new URL('../../helpers/hubs/early-ack-hub.ts', import.meta.url));

interface Report {
  sent: number;
  stored: number;
  differences: string[];
}

/** Runs the oracle while InfluxDB freezes and the hub is killed in that moment, twice. */
async function judge(t: TestContext, entry?: string): Promise<{ code: number | null; report: Report }> {
  const folder = temporaryFolder('verify');
  const influx = await startInflux();
  const env = {
    HUB_TLS: 'off',
    HUB_DEVICE_LISTEN: `127.0.0.1:${await freePort()}`,
    HUB_INFLUX_URL: influx.url,
    HUB_ACK_DELAY_MS: '0',
  };
  const start = (): Promise<HubProcess> =>
    spawnHub({ env, dataDir: folder.path, ...(entry === undefined ? {} : { entry }) });
  let hub = await start();
  t.after(async () => {
    await hub.close();
    await influx.close();
    folder.remove();
  });
  const credentials = join(folder.path, 'credentials');
  const devices = await addDevices(hub, 10);
  writeFileSync(credentials, devices.map((device) => JSON.stringify(device)).join('\n'));
  const oracle = await spawnGuarded(process.execPath, [
    simulator,
    'verify',
    '--url',
    hub.deviceUrl,
    '--socket',
    join(folder.path, 'hub.sock'),
    '--credentials',
    credentials,
    ...'--rate 20 --duration 100 --settle 60 --json'.split(' '),
    ...'--faults duplicate,reorder,garbage,clock-jump,cut'.split(' '),
  ]);
  t.after(() => oracle.end('SIGKILL'));
  let written = '';
  oracle.process.stdout?.on('data', (text: string) => (written += text));
  const metrics = async (...names: readonly string[]): Promise<number[]> => {
    const page = await (await fetch(`${hub.adminUrl}/metrics`)).text();
    return names.map((name) => Number(new RegExp(`^${name} (\\d+)`, 'm').exec(page)?.[1]));
  };
  // Their faults cut some of the ten off at any time.
  const mostOnline = (): Promise<unknown> =>
    waitFor(async () => Number((await metrics('hub_devices_online'))[0]) >= 5, {
      what: 'most devices are online',
      timeoutMs: 30_000,
      everyMs: 50,
    });
  for (let round = 0; round < 2; round += 1) {
    await mostOnline();
    await waitFor(
      async () => {
        const [inFlight = 0, spooled = 0] = await metrics('hub_points_in_flight', 'hub_points_spooled');
        // Three batches: the frozen store has the first already, and the hub alone has the others.
        if (spooled === 0 && inFlight >= 60) return true;
        if (spooled === 0) influx.pause();
        // Too late: after a second they are on disk.
        else influx.resume();
        return false;
      },
      { what: 'readings are between the devices and the store', timeoutMs: 30_000, everyMs: 20 },
    );
    await hub.kill('SIGKILL');
    influx.resume();
    hub = await start();
  }
  await mostOnline();
  // It stops sending, and judges.
  const { code } = await oracle.end('SIGINT');
  assert.notEqual(written, '', oracle.output());
  return { code, report: JSON.parse(written) as Report };
}

test('an honest hub passes the oracle though it is killed with readings under way', async (t) => {
  const { code, report } = await judge(t);
  assert.deepEqual(report.differences, []);
  assert.equal(code, 0);
  assert.ok(report.stored > 300, `${report.stored} readings were stored`);
});

test('a hub that acks before it has stored is found out', async (t) => {
  const { code, report } = await judge(t, earlyAckHub);
  assert.equal(code, 1);
  assert.match(report.differences[0] ?? '', /^d-\d+: .* was acked but is not stored$/);
});
