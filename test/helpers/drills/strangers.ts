import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { openRaw, type RawDeviceOptions } from '../devices/raw-device.ts';
import { startSecurityHub, type SecurityHub } from '../hubs/security-hub.ts';
import { waitFor } from '../wait-for.ts';
import { LedgerFleet } from './ledger-fleet.ts';
import { percentile } from './outage.ts';
import { floodNames, type FloodName, type FloodTask } from './stranger-floods.ts';
import { letPass } from '../let-pass.ts';

export interface FloodReport {
  flood: FloodName;
  attempts: number;
  /** How long well-behaved devices waited for their acks right before it, and while it lasted. */
  quietP99Ms: number;
  p99Ms: number;
  /** How long the slowest device took to get in of those that had never been there. */
  newcomerMs: number;
  /** How often they were refused, all together. */
  refusedNewcomers: number;
  /** How long after its deadline a device that fell silent was found offline; negative: early. */
  foundLateMs: number;
}

/** Of the device that falls silent, seconds; its grace is half of it. */
const heartbeatSec = 1;
/** Devices that come for the first time, one after the other, while a flood lasts. */
const newcomers = 5;

/** What floods of strangers, and of a device that misbehaves, do to everybody else. */
export async function strangers(options: {
  devices: number;
  /** Of each flood, and half as long of the quiet before it. */
  runMs: number;
  floods?: readonly FloodName[];
  /** A hub with a fault on purpose. */
  entry?: string;
  say?: (text: string) => void;
}): Promise<FloodReport[]> {
  const { devices, runMs, floods = floodNames, entry, say = () => undefined } = options;
  const ids = Array.from({ length: devices }, (_, n) => `d-${n + 1}`);
  const others = floods.flatMap((_, n) => [...newIds(n), `dead-${n}`, `greedy-${n}`]);
  // So few that a flood can take them all.
  const env = { HUB_TLS: 'off', HUB_ACK_DELAY_MS: '0', HUB_ACCEPT_PER_SEC: '100' };
  const hub = await startSecurityHub([...ids, ...others], entry === undefined ? { env } : { env, entry });
  const credentials = ids.map((id) => ({ id, secret: hub.secretOf(id) }));
  const fleet = new LedgerFleet({ url: hub.deviceUrl, credentials, perSec: 2 });
  const measure = async (forMs: number): Promise<number> => {
    const delays: number[] = [];
    fleet.delays = delays;
    await letPass(forMs);
    fleet.delays = undefined;
    return percentile(delays, 0.99);
  };
  try {
    fleet.connect();
    await waitFor(() => fleet.online === fleet.size, { what: 'all devices are online', timeoutMs: 30_000 });
    fleet.start();
    const reports: FloodReport[] = [];
    for (const [n, flood] of floods.entries()) {
      const quietP99Ms = await measure(runMs / 2);
      const deadDue = await fallSilent(hub, `dead-${n}`);
      const stop = await startFlood({
        flood,
        deviceUrl: hub.deviceUrl,
        adminUrl: hub.adminUrl,
        greedy: { id: `greedy-${n}`, secret: hub.secretOf(`greedy-${n}`) },
      });
      const [p99Ms, came, foundLateMs] = await Promise.all([
        measure(runMs),
        comeIn(hub, newIds(n), runMs / (newcomers + 1)),
        foundAfter(hub, `dead-${n}`, deadDue),
      ]);
      const report = { flood, attempts: await stop(), quietP99Ms, p99Ms, ...came, foundLateMs };
      say(JSON.stringify(report));
      reports.push(report);
    }
    return reports;
  } finally {
    await fleet.close();
    await hub.close();
  }
}

async function startFlood(task: FloodTask): Promise<() => Promise<number>> {
  const worker = new Worker(new URL('./stranger-floods.ts', import.meta.url), { workerData: task });
  await once(worker, 'online');
  // A drill that fails half-way leaves no flood that holds up its own end.
  worker.unref();
  return async () => {
    worker.postMessage('stop');
    const [attempts] = (await once(worker, 'message')) as [number];
    await worker.terminate();
    return attempts;
  };
}

/** Over plain ws, without a CA. */
function plain(hub: SecurityHub, id: string): RawDeviceOptions {
  return { url: hub.deviceUrl, id, secret: hub.secretOf(id) };
}

/** Opens a session and never says a word again. @returns when it has to be found, ms */
async function fallSilent(hub: SecurityHub, id: string): Promise<number> {
  const { welcome } = await openRaw({ ...plain(hub, id), autoPong: false }, { heartbeatSec });
  return performance.now() + (welcome.heartbeatSec + welcome.graceSec) * 1_000;
}

async function foundAfter(hub: SecurityHub, id: string, dueMs: number): Promise<number> {
  await waitFor(
    async () => (await hub.ask<{ presence: string }>('GET', `/devices/${id}`)).presence === 'offline',
    { what: `${id} is found offline`, timeoutMs: 30_000, everyMs: 50 },
  );
  return performance.now() - dueMs;
}

function newIds(flood: number): string[] {
  return Array.from({ length: newcomers }, (_, n) => `new-${flood}-${n}`);
}

/** Each comes this long after the one before has got in, and tries again four times a second. */
async function comeIn(
  hub: SecurityHub,
  ids: readonly string[],
  everyMs: number,
): Promise<Pick<FloodReport, 'newcomerMs' | 'refusedNewcomers'>> {
  let newcomerMs = 0;
  let refusedNewcomers = 0;
  for (const id of ids) {
    await letPass(everyMs);
    const began = performance.now();
    const refused = (): undefined => {
      refusedNewcomers += 1;
      return undefined;
    };
    const device = await waitFor(() => openRaw(plain(hub, id)).catch(refused), {
      what: `${id} gets in`,
      timeoutMs: 30_000,
      everyMs: 250,
    });
    device.close();
    newcomerMs = Math.max(newcomerMs, performance.now() - began);
  }
  return { newcomerMs, refusedNewcomers };
}
