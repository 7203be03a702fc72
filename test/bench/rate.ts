import { startInflux } from '../helpers/services/influxd.ts';
import { startMosquitto } from '../helpers/services/mosquitto.ts';
import { hubWithDevices } from './hub-with-devices.ts';
import { runLoad } from './load-run.ts';
import type { Revision } from './revision.ts';

const devices = Number(process.env['BENCH_DEVICES'] ?? 2_000);
const seconds = Number(process.env['BENCH_SECONDS'] ?? 20);
/** Data frames a second to begin with, and how much more each step asks for. */
const first: Readonly<Record<number, number>> = { 1: 8_000, 50: 1_000 };
const step = 1.25;
const steps = 14;
/** Beyond this the hub does not hold the rate. */
const longestAckMs = 1_000;
/** Beyond this it is the load that does not hold it. */
const longestLateMs = 500;

/**
 * The highest rate that one hub holds, with InfluxDB and Mosquitto, in frames of one reading and of fifty: the rate
 * rises until the 99th percentile from a frame to its ack is above a second, or the load itself is late.
 */
export async function benchRate(revision: Revision): Promise<object> {
  const limits = [];
  for (const samples of [1, 50]) limits.push(await highest(revision, samples));
  return { devices, seconds, limits };
}

async function highest(revision: Revision, samples: number): Promise<object> {
  const influx = await startInflux();
  const broker = await startMosquitto({ config: ['set_tcp_nodelay true'] });
  const env = {
    HUB_INFLUX_URL: influx.url,
    HUB_MQTT_URL: broker.url,
    HUB_TOTAL_MESSAGES_PER_SEC: '1000000',
  };
  const hub = await hubWithDevices(devices, { ...revision, env });
  let held = { messagesPerSec: 0, samplesPerSec: 0, ackP50Ms: 0, ackP99Ms: 0 };
  let limitedBy = '';
  try {
    let rate = first[samples] ?? 1_000;
    for (let taken = 0; taken < steps; taken += 1) {
      const order = { url: hub.url, devices: hub.credentials, perSec: rate / devices, seconds, samples };
      const { sent, acked, ackP50Ms, ackP99Ms, lateMaxMs } = await runLoad(order);
      process.stderr.write(
        `${samples} a frame, ${Math.round(rate)} frames/s: ack p50 ${ackP50Ms} p99 ${ackP99Ms} ms, load late ${lateMaxMs} ms\n`,
      );
      if (lateMaxMs > longestLateMs) limitedBy = 'the load, which was late itself';
      else if (ackP99Ms > longestAckMs || acked < sent) limitedBy = 'the hub';
      else limitedBy = '';
      if (limitedBy !== '') break;
      held = {
        messagesPerSec: Math.round(rate),
        samplesPerSec: Math.round(rate * samples),
        ackP50Ms,
        ackP99Ms,
      };
      rate *= step;
    }
  } finally {
    await hub.close();
    await broker.close();
    await influx.close();
  }
  return {
    samplesPerFrame: samples,
    ...held,
    limitedBy: limitedBy === '' ? 'the number of steps' : limitedBy,
  };
}
