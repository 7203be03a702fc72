import { startInflux } from '../services/influxd.ts';
import { addDevices, LedgerFleet } from './ledger-fleet.ts';
import { percentile } from './outage.ts';
import { spawnHub } from '../services/process.ts';
import { openRaw, type RawDevice, type RawDeviceOptions } from '../devices/raw-device.ts';
import { waitFor } from '../wait-for.ts';
import { letPass } from '../let-pass.ts';

export interface NoisyReport {
  quietP99Ms: number;
  noisyP99Ms: number;
  quietReadings: number;
  noisyReadings: number;
  /** Frames the flooding device sent, and how often the hub shut it out. */
  flooded: number;
  rateAbuseCloses: number;
}

/** Readings a second of a well-behaved device; its limit is twice that. */
const perSec = 10;

/** How long well-behaved devices wait for their acks, alone and beside two that misbehave. */
export async function noisyNeighbours(options: { devices: number; runMs: number }): Promise<NoisyReport> {
  const influx = await startInflux();
  const hub = await spawnHub({
    env: {
      HUB_TLS: 'off',
      HUB_DEVICE_LISTEN: '127.0.0.1:0',
      HUB_INFLUX_URL: influx.url,
      HUB_ACK_DELAY_MS: '0',
      HUB_MESSAGES_PER_SEC: String(perSec * 2),
    },
  });
  const [flooder, deaf, ...others] = await addDevices(hub, options.devices + 2);
  if (flooder === undefined || deaf === undefined) throw new Error('too few devices');
  const fleet = new LedgerFleet({ url: hub.deviceUrl, credentials: others, perSec });
  const measure = async (): Promise<number[]> => {
    const delays: number[] = [];
    fleet.delays = delays;
    await letPass(options.runMs);
    fleet.delays = undefined;
    return delays;
  };
  let noise: ReturnType<typeof makeNoise> | undefined;
  try {
    fleet.connect();
    await waitFor(() => fleet.online === fleet.size, { what: 'all devices are online', timeoutMs: 30_000 });
    fleet.start();
    await letPass(2_000);
    const quiet = await measure();
    noise = makeNoise({ url: hub.deviceUrl, ...flooder }, { url: hub.deviceUrl, ...deaf });
    const noisy = await measure();
    noise.stop();
    const page = await (await fetch(`${hub.adminUrl}/metrics`)).text();
    return {
      quietP99Ms: percentile(quiet, 0.99),
      noisyP99Ms: percentile(noisy, 0.99),
      quietReadings: quiet.length,
      noisyReadings: noisy.length,
      flooded: noise.flooded(),
      rateAbuseCloses: Number(/^hub_session_closes_total\{reason="rate-abuse"\} (\d+)/m.exec(page)?.[1] ?? 0),
    };
  } finally {
    noise?.stop();
    await fleet.close();
    await hub.close();
    await influx.close();
  }
}

/** One device that sends at a hundred times its rate and comes back whenever it is shut out; one that never reads. */
function makeNoise(flooder: RawDeviceOptions, deaf: RawDeviceOptions) {
  const stopping = new AbortController();
  let flooded = 0;
  const timers: NodeJS.Timeout[] = [];
  const open: RawDevice[] = [];
  const run = async (options: RawDeviceOptions, everyMs: number, reads: boolean): Promise<void> => {
    while (!stopping.signal.aborted) {
      const device = await openRaw(options).catch(() => undefined);
      if (device === undefined) {
        await letPass(100);
        continue;
      }
      open.push(device);
      if (!reads) device.ws.pause();
      let seq = 0;
      const startedMs = performance.now();
      const timer = setInterval(() => {
        for (; seq < (performance.now() - startedMs) / everyMs;) {
          seq += 1;
          if (reads) flooded += 1;
          const ts = Date.now();
          device.send({ type: 'telemetry', seq, stream: 'env', ts, data: { temperature: 1 } });
        }
      }, 10);
      timers.push(timer);
      await device.closed;
      clearInterval(timer);
    }
  };
  void run(flooder, 1000 / (perSec * 100), true);
  void run(deaf, 1000 / perSec, false);
  return {
    flooded: () => flooded,
    stop: () => {
      stopping.abort();
      for (const timer of timers) clearInterval(timer);
      for (const device of open) device.ws.terminate();
    },
  };
}
