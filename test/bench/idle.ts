import { letPass } from '../helpers/let-pass.ts';
import { cpuMs, rssMib } from './cpu.ts';
import { hubWithDevices } from './hub-with-devices.ts';
import { runLoad } from './load-run.ts';
import type { Revision } from './revision.ts';

const seconds = Number(process.env['BENCH_SECONDS'] ?? 30);
const heartbeatSec = 60;
/** After its start, and after a fleet has connected, the hub still tidies up. */
const settleSec = 5;

/** What a hub costs that has nothing to do: with no connection, and a connection that sends its heartbeats only. */
export async function benchIdle(
  revision: Revision,
  tls: boolean,
  devices = Number(process.env['BENCH_DEVICES'] ?? 2_000),
): Promise<object> {
  // That the devices take long to connect is no part of what they cost.
  const env = { HUB_ACCEPT_PER_SEC: String(devices) };
  const hub = await hubWithDevices(devices, { ...revision, tls, env });
  try {
    await letPass(settleSec * 1_000);
    const emptyMsPerSec = await cpuPerSec(hub.pid, seconds);
    const rssBefore = rssMib(hub.pid);
    const connected = Promise.withResolvers<void>();
    const load = runLoad(
      {
        url: hub.url,
        devices: hub.credentials,
        perSec: 0,
        seconds: seconds + settleSec + 5,
        heartbeatSec,
      },
      { ready: connected.resolve },
    );
    await connected.promise;
    await letPass(settleSec * 1_000);
    const fleetMsPerSec = await cpuPerSec(hub.pid, seconds);
    const rss = rssMib(hub.pid);
    await load;
    return {
      tls,
      heartbeatSec,
      devices,
      emptyMsPerSec: Number(emptyMsPerSec.toFixed(2)),
      usPerConnectionAndSec: Number((((fleetMsPerSec - emptyMsPerSec) * 1_000) / devices).toFixed(2)),
      rssMib: rss,
      kibPerConnection: Number((((rss - rssBefore) * 1_024) / devices).toFixed(1)),
    };
  } finally {
    await hub.close();
  }
}

/** CPU over all threads, ms a second. */
async function cpuPerSec(pid: number, forSec: number): Promise<number> {
  const [cpuBefore, before] = [cpuMs(pid), performance.now()];
  await letPass(forSec * 1_000);
  return ((cpuMs(pid) - cpuBefore) * 1_000) / (performance.now() - before);
}
