import { Socket } from 'node:net';
import { connectAsync } from 'mqtt';
import { registerDevices, startCommandFleet } from '../helpers/drills/command-fleet.ts';
import { startMosquitto } from '../helpers/services/mosquitto.ts';
import { spawnHub } from '../helpers/services/process.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { cpuMs } from './cpu.ts';
import type { Revision } from './revision.ts';
import { letPass } from '../helpers/let-pass.ts';

const devices = 200;
/** In flight at the broker at a time: enough that the journal's commits are shared. */
const window = 256;
/** A new process compiles what it runs often during the first thousands; what they cost is no part of a command. */
const warmUpCommands = 8_000;
const throughputCommands = 12_000;
const latencyCommands = 500;
/** Well below what the hub can take, so that the time measured is the way and no queue. */
const latencyPerSec = 100;

/** Per stage how many commands, and how many seconds in all. */
async function stageMeans(adminUrl: string): Promise<Map<string, { count: number; sum: number }>> {
  const stages = new Map<string, { count: number; sum: number }>();
  const page = await (await fetch(`${adminUrl}/metrics`)).text();
  for (const [, kind, stage = '', value] of page.matchAll(
    /^hub_command_stage_seconds_(sum|count)\{stage="([a-z]+)"\} (\S+)$/gm,
  )) {
    const entry = stages.get(stage) ?? { count: 0, sum: 0 };
    entry[kind === 'sum' ? 'sum' : 'count'] = Number(value);
    stages.set(stage, entry);
  }
  return stages;
}

/**
 * Commands through MQTT (Mosquitto), each journalled and synced before its PUBACK: how many a second are accepted,
 * and how long one takes from `publish` to the device. Everything shares this machine.
 */
export async function benchCommands(revision: Revision): Promise<object> {
  const broker = await startMosquitto({ config: ['set_tcp_nodelay true'] });
  const hub = await spawnHub({ ...revision, env: { HUB_TLS: 'off', HUB_MQTT_URL: broker.url } });
  const secrets = await registerDevices(hub, { prefix: 'd-', count: devices, type: 'env-sensor@1' });
  const arrived = new Map<string, number>();
  const fleet = startCommandFleet(secrets, {
    url: hub.deviceUrl,
    type: 'env-sensor@1',
    commands: ['identify'],
    act: (_device, { id }) => {
      arrived.set(id, performance.now());
      return { status: 'succeeded' };
    },
  });
  const client = await connectAsync(broker.url, { protocolVersion: 5 });
  // Neither side waits for the other's acknowledgements (Nagle), or that would be all there is to measure.
  if (client.stream instanceof Socket) client.stream.setNoDelay(true);
  try {
    await fleet.online;
    await client.subscribeAsync('hub/v1/status/+/+/accepted', { qos: 1 });
    const seen = { accepted: 0 };
    client.on('message', () => {
      seen.accepted += 1;
    });
    const reach = async (count: number): Promise<void> => {
      while (seen.accepted < count) {
        await new Promise<void>((resolve) => {
          client.once('message', () => resolve());
        });
      }
    };
    const publish = (number: number, id: string): Promise<unknown> =>
      client.publishAsync(`hub/v1/command/d-${1 + (number % devices)}/identify`, JSON.stringify({ id }), {
        qos: 1,
      });

    let published = 0;
    const run = async (count: number): Promise<number> => {
      const startedMs = performance.now();
      for (const end = published + count; published < end; published += 1) {
        if (published >= window) await reach(published - window);
        void publish(published, `t-${published}`);
      }
      await reach(published);
      const seconds = (performance.now() - startedMs) / 1000;
      await waitFor(() => arrived.size === published, { what: 'every command', timeoutMs: 60_000 });
      return seconds;
    };
    await run(warmUpCommands);
    const cpuBefore = cpuMs(hub.pid);
    const seconds = await run(throughputCommands);
    const cpuPerCommandMs = (cpuMs(hub.pid) - cpuBefore) / throughputCommands;
    const before = await stageMeans(hub.adminUrl);

    const sentAt = new Map<string, number>();
    for (let number = 0; number < latencyCommands; number += 1) {
      sentAt.set(`l-${number}`, performance.now());
      void publish(number, `l-${number}`);
      await letPass(1000 / latencyPerSec);
    }
    await waitFor(() => arrived.size === published + latencyCommands, {
      what: 'every command',
      timeoutMs: 60_000,
    });
    const after = await stageMeans(hub.adminUrl);
    const took = [...sentAt].map(([id, at]) => (arrived.get(id) ?? Infinity) - at).toSorted((a, b) => a - b);
    const at = (share: number): number => Math.round((took[Math.floor(took.length * share)] ?? 0) * 10) / 10;
    return {
      devices,
      acceptedPerSec: Math.round(throughputCommands / seconds),
      goalPerSec: 500,
      toDeviceP50Ms: at(0.5),
      toDeviceP99Ms: at(0.99),
      goalP99Ms: 50,
      hubCpuPerCommandMs: Number(cpuPerCommandMs.toFixed(2)),
      // From the hub's own histograms: accepted → sent, sent → received.
      meanStagesMs: Object.fromEntries(
        ['queued', 'delivery'].map((stage) => {
          const count = (after.get(stage)?.count ?? 0) - (before.get(stage)?.count ?? 0);
          const sum = (after.get(stage)?.sum ?? 0) - (before.get(stage)?.sum ?? 0);
          return [stage, Number(((sum / count) * 1000).toFixed(2))];
        }),
      ),
    };
  } finally {
    await client.endAsync(true);
    await fleet.close();
    await hub.close();
    await broker.close();
  }
}
