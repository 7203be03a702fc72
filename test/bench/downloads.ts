import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { callApi } from '../../hub/cli/admin-client.ts';
import { registerDevices } from '../helpers/drills/command-fleet.ts';
import { connectRaw } from '../helpers/devices/raw-device.ts';
import { addFirmware } from '../helpers/firmware/add-firmware.ts';
import { spawnHub } from '../helpers/services/process.ts';
import { cpuMs } from './cpu.ts';
import { runLoad, type LoadReport } from './load-run.ts';
import type { Revision } from './revision.ts';

const devices = Number(process.env['BENCH_DEVICES'] ?? 1_000);
const seconds = Number(process.env['BENCH_SECONDS'] ?? 20);
const others = 500;
const perSec = 4;
/** As many as the hub serves at a time. */
const atOnce = 64;
const artifactBytes = 1_048_576;

/**
 * Devices get a firmware of 1 MiB, again and again, as many at a time as the hub serves, while others send readings. The
 * goal: the p99 from reading to ack of the others is at most twice that of the same load without downloads.
 */
export async function benchDownloads(revision: Revision): Promise<object> {
  const env = { HUB_TLS: 'off', HUB_ACCEPT_PER_SEC: '2000', HUB_ARTIFACT_DOWNLOADS: String(atOnce) };
  const hub = await spawnHub({ ...revision, env });
  try {
    const getting = { prefix: 'd-', count: devices, type: 'env-sensor@1' };
    const secrets = [...(await registerDevices(hub, getting))];
    const sending = await registerDevices(hub, { ...getting, prefix: 'o-', count: others });
    const load = { url: hub.deviceUrl, perSec, seconds, devices: [...sending].map(asCredential) };
    const before = await runLoad(load);

    await addFirmware(hub, randomBytes(artifactBytes));
    const opened: (() => void)[] = [];
    for (const [id, secret] of secrets) {
      const device = await connectRaw({ url: hub.deviceUrl, id, secret });
      device.send({ type: 'hello', boot: 'b', deviceType: 'env-sensor@1', t1: 1, firmware: '1.0.0' });
      await device.next('welcome');
      opened.push(() => device.close());
    }
    const target = { id: 'bench', type: 'env-sensor', version: '2.0.0', to: 'all', waves: ['100%'] };
    await callApi(join(hub.dataDir, 'hub.sock'), 'POST /api/v1/rollouts', { body: target });
    const { firmware } = await callApi(join(hub.dataDir, 'hub.sock'), 'GET /api/v1/firmware', {});
    const url = new URL(`/v1/artifacts/${firmware[0]?.sha256 ?? ''}`, hub.deviceUrl.replace(/^ws/, 'http'));

    const cpuBefore = cpuMs(hub.pid);
    const downloads = { whole: 0, busy: 0, seconds: 0 };
    const window = { isOver: false };
    let running: Promise<unknown> = Promise.resolve();
    const begin = (): void => {
      const beganMs = performance.now();
      let next = 0;
      const worker = async (): Promise<void> => {
        while (!window.isOver || downloads.whole < devices) {
          const [id, secret] = secrets[(next += 1) % secrets.length] ?? [];
          const authorization = `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`;
          const answer = await fetch(url, { headers: { authorization } });
          const { byteLength } = await answer.arrayBuffer();
          if (answer.status === 200 && byteLength === artifactBytes) downloads.whole += 1;
          else downloads.busy += 1;
          if (downloads.whole === devices) downloads.seconds = (performance.now() - beganMs) / 1000;
        }
      };
      running = Promise.all(Array.from({ length: atOnce }, worker));
    };
    const during = await runLoad(load, { ready: begin, sent: () => (window.isOver = true) });
    window.isOver = true;
    await running;
    const cpuPercent = (cpuMs(hub.pid) - cpuBefore) / (seconds * 10);
    for (const close of opened) close();
    return {
      devices,
      artifactBytes,
      atOnce,
      others,
      perSec,
      downloads: { ...downloads, seconds: Number(downloads.seconds.toFixed(2)) },
      hubCpuPercent: Math.round(cpuPercent),
      quiet: acksOf(before),
      downloading: acksOf(during),
      p99Ratio: Number((during.ackP99Ms / before.ackP99Ms).toFixed(2)),
    };
  } finally {
    await hub.kill();
  }
}

function asCredential([id, secret]: [string, string]): { id: string; secret: string } {
  return { id, secret };
}

function acksOf({ sent, acked, nacked, lateMaxMs, ackP50Ms, ackP99Ms }: LoadReport): object {
  return { sent, acked, nacked, lateMaxMs, ackP50Ms, ackP99Ms };
}
