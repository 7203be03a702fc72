import { Socket } from 'node:net';
import { connectAsync } from 'mqtt';
import { callApi } from '../../hub/cli/admin-client.ts';
import { makeDevice, RamMemory } from '../../sdk/typescript/src/node.ts';
import { startBalancer } from '../helpers/cluster/balancer.ts';
import { clusterOf, socketOf } from '../helpers/cluster/cluster-lab.ts';
import { registerDevices, startCommandFleet } from '../helpers/drills/command-fleet.ts';
import { letPass } from '../helpers/let-pass.ts';
import { startInflux } from '../helpers/services/influxd.ts';
import { startMosquitto } from '../helpers/services/mosquitto.ts';
import { startPostgres } from '../helpers/services/postgres.ts';
import { spawnHub, type HubProcess } from '../helpers/services/process.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { benchSharedState } from './cluster-state.ts';
import type { Revision } from './revision.ts';

const commanded = 200;
const latencyPerSec = 200;
const latencySeconds = Number(process.env['BENCH_SECONDS'] ?? 15);
const throughputCommands = 4_000;
/** In flight at the broker at a time, so that commits are shared. */
const window = 256;
const lost = Number(process.env['BENCH_DEVICES'] ?? 2_000);
const type = 'env-sensor@1';

/** Several hubs that are one, with real PostgreSQL, Mosquitto and InfluxDB, all of it and the load on this machine. */
export async function benchCluster(revision: Revision): Promise<object> {
  const [postgres, broker, influx] = await Promise.all([
    startPostgres(),
    startMosquitto({ config: ['set_tcp_nodelay true'] }),
    startInflux(),
  ]);
  const start = (): Promise<HubProcess> =>
    spawnHub({
      ...revision,
      env: {
        HUB_TLS: 'off',
        HUB_INFLUX_URL: influx.url,
        HUB_MQTT_URL: broker.url,
        HUB_STATE_URL: postgres.url('bench'),
        HUB_STATE_USERNAME: postgres.username,
      },
    });
  const hubs: HubProcess[] = [];
  try {
    process.stderr.write('the state …\n');
    const state = await benchSharedState({ url: postgres.url('state'), username: postgres.username });
    const a = await start();
    hubs.push(a);
    await waitFor(async () => (await clusterOf(a)).hubs.some(({ leases }) => leases.includes('gate')), {
      what: 'the gate at the first hub',
      timeoutMs: 30_000,
    });
    const b = await start();
    hubs.push(b);
    process.stderr.write('commands …\n');
    const commands = await commandsAcross(a, b, broker.url);
    process.stderr.write('the end of a hub …\n');
    const end = await endOfHub(a, b);
    return { state, commands, end };
  } finally {
    await Promise.all(hubs.map((hub) => hub.close()));
    await Promise.all([postgres.close(), broker.close(), influx.close()]);
  }
}

/** Commands come over MQTT to the hub that has the gate, and their devices are at the other. */
async function commandsAcross(gate: HubProcess, other: HubProcess, brokerUrl: string): Promise<object> {
  const secrets = await registerDevices(gate, { prefix: 'd-', count: commanded, type });
  await known(other, commanded);
  const arrived = new Map<string, number>();
  const fleet = startCommandFleet(secrets, {
    url: other.deviceUrl,
    type,
    commands: ['identify'],
    act: (_device, { id }) => {
      arrived.set(id, performance.now());
      return { status: 'succeeded' };
    },
  });
  const client = await connectAsync(brokerUrl, { protocolVersion: 5 });
  if (client.stream instanceof Socket) client.stream.setNoDelay(true);
  try {
    await fleet.online;
    const sentAt = new Map<string, number>();
    const publish = (id: string, at: number): Promise<unknown> => {
      sentAt.set(id, performance.now());
      const topic = `hub/v1/command/d-${1 + (at % commanded)}/identify`;
      return client.publishAsync(topic, JSON.stringify({ id }), { qos: 1 });
    };
    const all = async (count: number): Promise<void> => {
      await waitFor(() => arrived.size === count, { what: 'every command', timeoutMs: 120_000 });
    };
    let published = 0;
    const run = async (count: number): Promise<number> => {
      const fromMs = performance.now();
      for (const end = published + count; published < end; published += 1) {
        await waitFor(() => published - arrived.size < window, {
          what: 'room',
          timeoutMs: 60_000,
          everyMs: 1,
        });
        void publish(`t-${published}`, published);
      }
      await all(published);
      return Math.round(count / ((performance.now() - fromMs) / 1_000));
    };
    await run(throughputCommands / 2);
    const perSec = await run(throughputCommands);
    sentAt.clear();
    const fromMs = performance.now();
    for (let number = 0; number < latencyPerSec * latencySeconds; number += 1) {
      void publish(`l-${number}`, number);
      await letPass(Math.max(0, fromMs + ((number + 1) * 1_000) / latencyPerSec - performance.now()));
    }
    await all(published + sentAt.size);
    const took = [...sentAt].map(([id, at]) => (arrived.get(id) ?? Infinity) - at).toSorted((a, b) => a - b);
    const at = (share: number): number => Math.round((took[Math.floor(took.length * share)] ?? 0) * 10) / 10;
    return {
      perSec,
      goalPerSec: 500,
      latencyPerSec,
      p50Ms: at(0.5),
      goalP50Ms: 5,
      p99Ms: at(0.99),
      goalP99Ms: 50,
    };
  } finally {
    await client.endAsync(true);
    await fleet.close();
  }
}

/** A hub is killed that has many devices. Every fourth finds no other until they are taken over, the rest come back at once. */
async function endOfHub(one: HubProcess, other: HubProcess): Promise<object> {
  const secrets = await registerDevices(one, { prefix: 'e-', count: lost, type });
  await known(other, commanded + lost);
  const portOf = ({ deviceUrl }: HubProcess): number => Number(new URL(deviceUrl.replace('ws', 'http')).port);
  let ports = [portOf(one)];
  let latePorts = ports;
  const balancers = await Promise.all([startBalancer(() => latePorts), startBalancer(() => ports)]);
  const online = new Set<string>();
  const late = new Set([...secrets.keys()].filter((_, at) => at % 4 === 0));
  const clients = [...secrets].map(([id, secret]) => {
    const client = makeDevice({
      url: `ws://127.0.0.1:${balancers[late.has(id) ? 0 : 1].port}/v1/device`,
      id,
      secret,
      type,
      memory: new RamMemory(),
    });
    client.on('welcome', () => online.add(id));
    client.on('close', () => online.delete(id));
    client.wake();
    return client;
  });
  try {
    await waitFor(() => online.size === lost, { what: 'all online', timeoutMs: 120_000, everyMs: 20 });
    ports = [portOf(other)];
    latePorts = [];
    const killedMs = performance.now();
    const since = (): number => Math.round(performance.now() - killedMs) / 1_000;
    await one.kill('SIGKILL');
    const look = { timeoutMs: 60_000, everyMs: 20 };
    await waitFor(async () => (await clusterOf(other)).hubs.some(({ state }) => state === 'dead'), {
      what: 'the death is declared',
      ...look,
    });
    const declaredSec = since();
    await waitFor(
      async () => (await clusterOf(other)).hubs.every(({ here, devices }) => here === true || devices === 0),
      { what: 'its devices are taken over', ...look },
    );
    const adoptedSec = since();
    await waitFor(() => online.size >= lost - late.size, {
      what: 'all online elsewhere',
      ...look,
      timeoutMs: 120_000,
    });
    return {
      devices: lost,
      declaredSec,
      adoptedSec,
      onlineSec: since(),
      goalDeclaredSec: 7,
      goalOnlineSec: 20,
    };
  } finally {
    await Promise.all(clients.map((client) => client.close()));
    await Promise.all(balancers.map((balancer) => balancer.close()));
  }
}

async function known(hub: HubProcess, devices: number): Promise<void> {
  const count = async (): Promise<number> => {
    const { groups } = await callApi(socketOf(hub), 'GET /api/v1/device-counts', { query: { by: 'type' } });
    return groups.reduce((sum, { devices: more }) => sum + more, 0);
  };
  await waitFor(async () => (await count()) === devices, {
    what: `${devices} devices known`,
    timeoutMs: 30_000,
    everyMs: 50,
  });
}
