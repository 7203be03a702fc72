import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { spawnGuarded } from '../helpers/services/guard.ts';
import { startInflux } from '../helpers/services/influxd.ts';
import { startMosquitto } from '../helpers/services/mosquitto.ts';
import { cpuMs, rssMib } from './cpu.ts';
import { hubWithDevices, type Server } from './hub-with-devices.ts';
import { runLoad, type LoadReport } from './load-run.ts';
import type { Revision } from './revision.ts';
import { startNodeRedFlow } from './node-red-flow.ts';
import { spreadOf, type Spread } from './spread.ts';
import { countSystemCalls, type SystemCalls } from './system-calls.ts';

const devices = Number(process.env['BENCH_DEVICES'] ?? 2_000);
const perSec = Number(process.env['BENCH_PER_SEC'] ?? 4);
const seconds = Number(process.env['BENCH_SECONDS'] ?? 10);
const rounds = Number(process.env['BENCH_ROUNDS'] ?? 5);
/** A new process compiles what it runs often; what that costs is no part of a message. */
const warmUpSeconds = Number(process.env['BENCH_WARM_UP'] ?? 8);

interface Run extends LoadReport {
  /** CPU of the server over all its threads, µs a message. */
  usPerMessage: number;
  /** Not a number where `perf` is not there, or may not count. */
  callsPerMessage: number;
  rssMib: number;
}

const nobody = Array.from({ length: devices }, (_, index) => ({ id: `d-${index}`, secret: 'x' }));

/** A server of this folder that prints its address. */
async function script(name: string, ...args: string[]): Promise<Server> {
  const file = fileURLToPath(new URL(name, import.meta.url));
  const child = await spawnGuarded(process.execPath, [file, ...args], {});
  const lines = createInterface({ input: child.process.stdout ?? process.stdin });
  // Closed when the process ends, which it may do before it says anything.
  const ended = once(lines, 'close').then(() =>
    Promise.reject(new Error(`${name} ended: ${child.output()}`)),
  );
  const [url] = (await Promise.race([once(lines, 'line'), ended])) as [string];
  ended.catch(() => undefined);
  return { url, pid: child.pid, credentials: nobody, close: async () => void (await child.end('SIGKILL')) };
}

async function nodeRed(influxUrl: string): Promise<Server> {
  // The pipeline makes it too; each rung may be the first.
  await fetch(`${influxUrl}/query?q=CREATE+DATABASE+pipeline`, { method: 'POST' });
  return { ...(await startNodeRedFlow(influxUrl)), credentials: nobody };
}

async function measure(server: Server): Promise<Run> {
  const load = { url: server.url, devices: server.credentials, perSec };
  if (warmUpSeconds > 0) await runLoad({ ...load, seconds: warmUpSeconds });
  let before = 0;
  let cpu = 0;
  let rss = 0;
  let calls: SystemCalls | undefined;
  let counted: Promise<number> = Promise.resolve(Number.NaN);
  const report = await runLoad(
    { ...load, seconds },
    {
      ready: () => {
        before = cpuMs(server.pid);
        calls = countSystemCalls(server.pid);
      },
      sent: () => {
        cpu = cpuMs(server.pid) - before;
        rss = rssMib(server.pid);
        counted = calls?.end() ?? counted;
      },
    },
  );
  return {
    ...report,
    usPerMessage: (cpu * 1000) / report.sent,
    callsPerMessage: (await counted) / report.sent,
    rssMib: rss,
  };
}

/** What a rung is compared with, in the same round. */
const floorOf = (rung: string): string => (rung.endsWith('-wss') ? 'floor-wss' : 'floor');

/**
 * Each rung of the ladder under the same load, all rungs in turn, round after round: receive and parse (the
 * floor) · with Ajv, InfluxDB and acks · a flow of Node-RED without checks and acks · the hub with InfluxDB and Mosquitto · the hub with nothing installed · the
 * floor and the hub with TLS. The figures to quote are the ratios to the floor of the same round.
 */
export async function benchLadder(base: Revision): Promise<object> {
  const influx = await startInflux();
  const broker = await startMosquitto({ config: ['set_tcp_nodelay true'] });
  const env = { HUB_INFLUX_URL: influx.url, HUB_MQTT_URL: broker.url };
  const rungs: Record<string, () => Promise<Server>> = {
    floor: () => script('floor.ts'),
    pipeline: () => script('pipeline.ts', influx.url),
    'node-red': () => nodeRed(influx.url),
    hub: () => hubWithDevices(devices, { env }),
    embedded: () => hubWithDevices(devices),
    'floor-wss': () => script('floor.ts', 'tls'),
    'hub-wss': () => hubWithDevices(devices, { env, tls: true }),
    ...(base.entry === undefined ? {} : { base: () => hubWithDevices(devices, { ...base, env }) }),
  };
  const chosen = (process.env['BENCH_RUNGS'] ?? Object.keys(rungs).join(',')).split(',');
  const runs: Record<string, Run[]> = {};
  try {
    for (let round = 1; round <= rounds; round += 1) {
      for (const name of chosen) {
        const start = rungs[name];
        if (start === undefined)
          throw new Error(`no such rung: ${name}; there are ${Object.keys(rungs).join(', ')}`);
        const server = await start();
        const run = await measure(server);
        await server.close();
        (runs[name] ??= []).push(run);
        const { usPerMessage, callsPerMessage, ackP50Ms, ackP99Ms, lateMaxMs } = run;
        process.stderr.write(
          `round ${round} ${name}: ${usPerMessage.toFixed(1)} µs, ${callsPerMessage.toFixed(2)} system calls, ack p50 ${ackP50Ms} p99 ${ackP99Ms} ms, load late ${lateMaxMs} ms\n`,
        );
      }
    }
  } finally {
    await broker.close();
    await influx.close();
  }
  return { devices, messagesPerSec: devices * perSec, seconds, rounds, rungs: tableOf(runs) };
}

interface Row {
  usPerMessage: Spread;
  /** To the floor of the same round. */
  ratio: Spread;
  callsPerMessage: Spread;
  ackP50Ms: Spread;
  ackP99Ms: Spread;
  rssMib: Spread;
  /** Messages that were neither acked nor nacked when the load ended. */
  unsettled: number;
}

function tableOf(runs: Record<string, Run[]>): Record<string, Row> {
  return Object.fromEntries(
    Object.entries(runs).map(([name, own]) => [
      name,
      {
        usPerMessage: spreadOf(own.map((run) => run.usPerMessage)),
        ratio: spreadOf(
          own.map(
            (run, round) => run.usPerMessage / (runs[floorOf(name)]?.[round]?.usPerMessage ?? Number.NaN),
          ),
        ),
        callsPerMessage: spreadOf(own.map((run) => run.callsPerMessage)),
        ackP50Ms: spreadOf(own.map((run) => run.ackP50Ms)),
        ackP99Ms: spreadOf(own.map((run) => run.ackP99Ms)),
        rssMib: spreadOf(own.map((run) => run.rssMib)),
        unsettled: own.reduce((sum, { sent, acked, nacked }) => sum + sent - acked - nacked, 0),
      },
    ]),
  );
}
