import type { GroupTwinView } from '../../schemas/api/twins/group-twins.ts';
import { connectRaw, type RawDevice } from '../helpers/devices/raw-device.ts';
import { registerDevices } from '../helpers/drills/command-fleet.ts';
import { spawnHub } from '../helpers/services/process.ts';
import { callApi } from '../../hub/cli/admin-client.ts';
import { join } from 'node:path';
import { letPass } from '../helpers/let-pass.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { cpuMs } from './cpu.ts';
import type { Revision } from './revision.ts';
import { spreadOf } from './spread.ts';

const devices = Number(process.env['BENCH_DEVICES'] ?? 10_000);
/** Of those, connected. */
const connected = Math.min(devices, 2_500);
/** Reports of each: as many as it may send at once, less the first. */
const reports = 8;
const latencies = 300;

/** Twins: a change for all devices in waves, reports a second, and how long a change takes to a connected device. */
export async function benchTwins(revision: Revision): Promise<object> {
  const hub = await spawnHub({ ...revision, env: { HUB_TLS: 'off', HUB_ACCEPT_PER_SEC: '2000' } });
  const socket = join(hub.dataDir, 'hub.sock');
  try {
    const secrets = [...(await registerDevices(hub, { prefix: 'd-', count: devices, type: 'env-sensor@1' }))];
    const online: RawDevice[] = [];
    for (let from = 0; from < connected; from += 100) {
      const some = secrets.slice(from, Math.min(from + 100, connected));
      online.push(...(await Promise.all(some.map(([id, secret]) => opened(hub.deviceUrl, id, secret)))));
    }
    for (const device of online) answerDesired(device);

    const before = cpuMs(hub.pid);
    const startedMs = performance.now();
    const body = { id: 'bench', to: 'all', patch: { intervalSec: 30 }, wave: Math.ceil(devices / 10) };
    await callApi(socket, 'POST /api/v1/group-twins', { body });
    // The summary: whole reports of so many devices would be part of what is measured.
    const latest = async (): Promise<Omit<GroupTwinView, 'devices'> | undefined> =>
      (await callApi(socket, 'GET /api/v1/group-twins', { query: { limit: 1 } })).groupTwins[0];
    await waitFor(async () => (await latest())?.final === true, {
      what: 'the end of the group twin',
      timeoutMs: 120_000,
      everyMs: 250,
    });
    const groupSec = (performance.now() - startedMs) / 1000;
    const { status, succeeded, open } = (await latest()) ?? {};
    const groupCpuSec = (cpuMs(hub.pid) - before) / 1000;

    const acked = ackCounter(online);
    const reportedMs = performance.now();
    for (let n = 1; n <= reports; n += 1)
      for (const device of online) device.send({ type: 'reported', id: `b-${n}`, patch: { alias: `n${n}` } });
    await waitFor(() => acked.count >= reports * online.length, {
      what: 'every report is acked',
      timeoutMs: 120_000,
      everyMs: 10,
    });
    const reportsPerSec = (acked.count * 1000) / (performance.now() - reportedMs);

    const [device] = online;
    const [first] = secrets;
    const tookMs: number[] = [];
    if (device === undefined || first === undefined) throw new Error('no device is connected');
    for (let n = 1; n <= latencies; n += 1) {
      const sentMs = performance.now();
      const arrived = new Promise<void>((resolve) => {
        device.ws.once('message', () => resolve());
      });
      const params = { id: first[0] };
      const changed = callApi(socket, 'PATCH /api/v1/devices/{id}/twin/desired', {
        params,
        body: { intervalSec: 1 + n },
      });
      await arrived;
      tookMs.push(performance.now() - sentMs);
      await changed;
      await letPass(5);
    }
    const sorted = tookMs.toSorted((a, b) => a - b);
    for (const each of online) each.close();
    return {
      devices,
      connected,
      group: {
        seconds: Number(groupSec.toFixed(2)),
        cpuSeconds: Number(groupCpuSec.toFixed(2)),
        status,
        succeeded,
        open,
      },
      reportsPerSec: Math.round(reportsPerSec),
      desiredToDeviceMs: {
        ...spreadOf(tookMs),
        p99: Number((sorted[Math.floor(sorted.length * 0.99)] ?? Number.NaN).toFixed(2)),
      },
    };
  } finally {
    await hub.kill();
  }
}

async function opened(url: string, id: string, secret: string): Promise<RawDevice> {
  const device = await connectRaw({ url, id, secret });
  device.send({ type: 'hello', boot: 'b', deviceType: 'env-sensor@1', t1: 1 });
  await device.next('welcome');
  return device;
}

/** Takes what is desired at once, and says so. */
function answerDesired({ ws }: RawDevice): void {
  ws.on('message', (data: Buffer) => {
    const frame = JSON.parse(data.toString()) as { type: string; rev: number; state: object };
    if (frame.type !== 'desired') return;
    ws.send(
      JSON.stringify({ type: 'reported', id: `r-${frame.rev}`, patch: frame.state, desiredRev: frame.rev }),
    );
  });
}

function ackCounter(online: readonly RawDevice[]): { count: number } {
  const acked = { count: 0 };
  for (const { ws } of online)
    ws.on('message', (data: Buffer) => {
      if (data.includes('"re":"b-')) acked.count += 1;
    });
  return acked;
}
