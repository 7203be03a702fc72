import { fileURLToPath } from 'node:url';
import { openInflux } from '../../hub/adapters/influx/influx.ts';
import { createSeries } from '../../hub/telemetry/history/series.ts';
import type { MetricsStore } from '../../hub/telemetry/store.ts';
import { loadDeviceTypes } from '../../schemas/index.ts';
import { compactAll, openEmbedded } from '../helpers/embedded-store.ts';
import { startInflux } from '../helpers/services/influxd.ts';
import { spreadOf } from './spread.ts';

const schemas = fileURLToPath(new URL('../../schemas/device-types', import.meta.url));
const weekSec = 7 * 86_400;
const points = 1_000;
const hourMs = 3_600_000;
const startMs = 1_700_000_000_000;
const fields = ['temperature', 'humidity', 'battery', 'rssi'];
const reads = 7;

/**
 * A week of one device, a reading a second, as a chart of 1,000 points, from both stores: with the roll-ups that a hub has made
 * of it, but for its last hour. The goal: below 150 ms.
 */
export async function benchReads(): Promise<object> {
  const embedded = await openEmbedded();
  const influx = await startInflux();
  const influxdb = openInflux({ url: influx.url, database: 'hub', timeoutMs: 30_000 });
  try {
    await influxdb.createDatabase();
    await writeWeek(embedded.store);
    const rowBytes = ((await embedded.store.bounded?.size()) ?? Number.NaN) / weekSec;
    await compactAll(embedded.store);
    const bytes = ((await embedded.store.bounded?.size()) ?? Number.NaN) / weekSec;
    await writeWeek(influxdb);
    for (const store of [embedded.store, influxdb]) await rollUpWeek(store);
    await compactAll(embedded.store);
    return {
      readings: weekSec,
      embeddedBytesPerReading: { fresh: Number(rowBytes.toFixed(1)), packed: Number(bytes.toFixed(1)) },
      oneFieldMs: {
        embedded: await readWeek(embedded.store, fields.slice(0, 1)),
        influxdb: await readWeek(influxdb, fields.slice(0, 1)),
      },
      fourFieldsMs: {
        embedded: await readWeek(embedded.store, fields),
        influxdb: await readWeek(influxdb, fields),
      },
    };
  } finally {
    await influxdb.close();
    await influx.close();
    await embedded.end();
  }
}

async function writeWeek(store: MetricsStore): Promise<void> {
  // A linear congruential generator: the same walk each time.
  let state = 1;
  const step = (): number => {
    state = (state * 48_271) % 2_147_483_647;
    return (Math.floor(state / 1_000) % 11) - 5;
  };
  let [temperature, humidity] = [2_150, 4_500];
  const line = (second: number): string => {
    temperature += step();
    humidity += step();
    const values = `temperature=${temperature / 100},humidity=${humidity / 100},battery=3.71,rssi=${-61 + step()}i`;
    return `env_sensor_env,device=d,site=default ${values} ${(startMs + second * 1_000 + step()) * 1_000}`;
  };
  for (let from = 0; from < weekSec; from += 5_000) {
    const size = Math.min(5_000, weekSec - from);
    const outcome = await store.write(Array.from({ length: size }, (_, at) => line(from + at)));
    if (outcome.kind !== 'stored') throw new Error(`not stored: ${JSON.stringify(outcome)}`);
  }
}

async function rollUpWeek(store: MetricsStore): Promise<void> {
  const [begin, end] = [startMs, startMs + weekSec * 1_000].map((ms) => Math.floor(ms / hourMs) * hourMs);
  for (let from = begin ?? 0; from < (end ?? 0); from += hourMs)
    await store.rollUp('env_sensor_env', from, from + hourMs);
}

async function readWeek(store: MetricsStore, names: readonly string[]): Promise<ReturnType<typeof spreadOf>> {
  const type = (await loadDeviceTypes(schemas)).all().find(({ name }) => name === 'env-sensor');
  if (type === undefined) throw new Error('no env-sensor');
  const series = createSeries({ store, typeOf: () => type });
  const tookMs: number[] = [];
  for (let read = 0; read < reads; read += 1) {
    const from = performance.now();
    const toMs = startMs + weekSec * 1_000;
    const { times } = await series({
      device: 'd',
      stream: 'env',
      fields: names,
      fromMs: startMs,
      toMs,
      points,
    });
    tookMs.push(performance.now() - from);
    if (times.length < points / 2) throw new Error(`only ${times.length} points`);
  }
  return spreadOf(tookMs);
}
