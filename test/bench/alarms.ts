import { join } from 'node:path';
import { createAlarmStore } from '../../hub/adapters/sqlite/alarms/sqlite-alarm-store.ts';
import { openStateDatabase } from '../../hub/adapters/sqlite/state-database.ts';
import { LimitWatch } from '../../hub/alarms/limit-watch.ts';
import { callApi } from '../../hub/cli/admin-client.ts';
import { compileDeviceType } from '../../schemas/index.ts';
import { systemClock } from '../../schemas/time/clock.ts';
import { registerDevices } from '../helpers/drills/command-fleet.ts';
import { temporaryFolder } from '../helpers/services/guard.ts';
import { spawnHub } from '../helpers/services/process.ts';
import { alarmChange, storedAlarm } from '../helpers/stores/stored-records.ts';
import type { Revision } from './revision.ts';
import { spreadOf } from './spread.ts';

const devices = Number(process.env['BENCH_DEVICES'] ?? 10_000);
const rounds = Number(process.env['BENCH_ROUNDS'] ?? 15);
const pages = 200;
const readingsPerRound = 1_000_000;

/**
 * What limits of four fields cost a reading that is within them, and how fast the first page of the inbox comes with an active alarm of
 * each device. The goals: 0.3 µs a reading, 100 ms a page.
 */
export async function benchAlarms(revision: Revision): Promise<object> {
  const alone = Array.from({ length: rounds + 2 }, () => judgeReadings());
  return {
    devices,
    limitedReadingNanos: spreadOf(alone.slice(2)),
    ...(await inboxOf(revision)),
  };
}

/** A reading that is older than the last one is not judged. */
let nowMs = 0;

/** @returns CPU of this process, garbage collection with it, ns a reading */
function judgeReadings(): number {
  const began = process.cpuUsage();
  for (let n = 0; n < readingsPerRound; n += 1) {
    nowMs += 1;
    streams[n % streams.length]?.reading(nowMs, readings[n % readings.length]);
  }
  const { user, system } = process.cpuUsage(began);
  return ((user + system) * 1_000) / readingsPerRound;
}

const fields = ['temperature', 'humidity', 'battery', 'pressure'];
const limited = { type: 'number', minimum: -100, maximum: 2_000, 'x-low': 1, 'x-high': 1_500 };
const type = compileDeviceType(
  {
    name: 'limited',
    version: 1,
    streams: {
      env: {
        type: 'object',
        properties: Object.fromEntries(fields.map((name) => [name, limited])),
        required: ['temperature'],
        additionalProperties: false,
      },
    },
    presence: { heartbeatSec: 30 },
  },
  'limited@1.json',
);
const watch = new LimitWatch({
  clock: systemClock,
  alarms: {
    raise: () => undefined,
    clear: () => undefined,
    withdraw: () => undefined,
    isActive: () => false,
    openSources: () => [],
  },
});
const streams = Array.from({ length: 2_000 }, (_, n) => watch.followStream(`d-${n}`, type, 'env'));
const readings = Array.from({ length: 997 }, (_, n) => ({
  temperature: 21.5 + (n % 10) / 10,
  humidity: 40 + (n % 7),
  battery: 3.71,
  pressure: 1_000 + (n % 13),
}));

/** The API of a hub that comes up with these alarms, over its socket. */
async function inboxOf(revision: Revision): Promise<object> {
  const folder = temporaryFolder('bench-alarms');
  const env = { HUB_TLS: 'off' };
  const first = await spawnHub({ ...revision, env, dataDir: folder.path });
  const ids = [...(await registerDevices(first, { prefix: 'd-', count: devices, type: 'env-sensor@1' }))];
  await first.kill();
  const db = await openStateDatabase(join(folder.path, 'state.db'));
  const rows = ids.map(([id], at) => storedAlarm(id, 'limit.env.temperature.high', at + 1));
  await createAlarmStore(db).save(rows.map((row) => alarmChange(row)));
  await db.close();
  const hub = await spawnHub({ ...revision, env, dataDir: folder.path });
  try {
    const tookMs: number[] = [];
    let raised = 0;
    for (let n = 0; n < pages; n += 1) {
      const beganMs = performance.now();
      const page = await callApi(join(folder.path, 'hub.sock'), 'GET /api/v1/alarms', { query: {} });
      tookMs.push(performance.now() - beganMs);
      raised = page.counts.raised;
    }
    const sorted = tookMs.toSorted((a, b) => a - b);
    const p99 = Number((sorted[Math.floor(pages * 0.99)] ?? Number.NaN).toFixed(2));
    return { raised, firstPageMs: { ...spreadOf(tookMs), p99 } };
  } finally {
    await hub.kill();
    folder.remove();
  }
}
