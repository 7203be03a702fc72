import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { spawnGuarded } from '../helpers/services/guard.ts';
import { startInflux } from '../helpers/services/influxd.ts';
import { cpuMs } from './cpu.ts';
import { hubWithDevices } from './hub-with-devices.ts';
import { runLoad, type LoadReport } from './load-run.ts';
import type { Revision } from './revision.ts';

const devices = Number(process.env['BENCH_DEVICES'] ?? 1_000);
const perSec = 4;
const seconds = 30;
/** A new process compiles what it runs often; what that costs is no part of a message. */
const warmUpSeconds = 15;

/** Runs the load against a server. @returns its report and the server's CPU time while it was sent, ms. */
async function load(
  url: string,
  credentials: readonly { id: string; secret: string }[],
  pid: number,
): Promise<{ report: LoadReport; cpu: number }> {
  await runLoad({ url, devices: credentials, perSec, seconds: warmUpSeconds });
  let before = 0;
  let cpu = 0;
  const report = await runLoad(
    { url, devices: credentials, perSec, seconds },
    {
      ready: () => {
        before = cpuMs(pid);
      },
      sent: () => {
        cpu = cpuMs(pid) - before;
      },
    },
  );
  return { report, cpu };
}

/**
 * CPU of the hub per reading, with everything on and a real InfluxDB, against a server that only receives and
 * parses; the same load on both, one after the other. The goal is a ratio of 1.6 at most.
 */
export async function benchIngest(revision: Revision): Promise<object> {
  const floor = await spawnGuarded(
    process.execPath,
    [fileURLToPath(new URL('floor.ts', import.meta.url))],
    {},
  );
  const [url] = (await once(createInterface({ input: floor.process.stdout ?? process.stdin }), 'line')) as [
    string,
  ];
  const nobody = Array.from({ length: devices }, (_, index) => ({ id: `d-${index}`, secret: 'x' }));
  const floorRun = await load(url, nobody, floor.pid);
  await floor.end('SIGKILL');

  const influx = await startInflux();
  const hub = await hubWithDevices(devices, { ...revision, env: { HUB_INFLUX_URL: influx.url } });
  const hubRun = await load(hub.url, hub.credentials, hub.pid);
  await hub.close();
  await influx.close();

  const perMessage = ({ cpu, report }: typeof hubRun): number =>
    Number(((cpu * 1000) / report.sent).toFixed(2));
  const [floorUs, hubUs] = [perMessage(floorRun), perMessage(hubRun)];
  return {
    devices,
    messagesPerSec: devices * perSec,
    floorUsPerMessage: floorUs,
    hubUsPerMessage: hubUs,
    ratio: Number((hubUs / floorUs).toFixed(2)),
    ...hubRun.report,
  };
}
