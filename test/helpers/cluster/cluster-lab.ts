import { join } from 'node:path';
import { after, before, type TestContext } from 'node:test';
import { makeDevice } from '../../../sdk/typescript/src/node.ts';
import { adminClient, callApi } from '../../../hub/cli/admin-client.ts';
import { temporaryFolder } from '../services/guard.ts';
import { startInflux, type InfluxServer } from '../services/influxd.ts';
import { startMosquitto, type MosquittoBroker } from '../services/mosquitto.ts';
import { startPostgres, type PostgresServer } from '../services/postgres.ts';
import { spawnHub, type HubProcess } from '../services/process.ts';
import { eventOf, waitFor } from '../wait-for.ts';
import { startBalancer, type Balancer } from './balancer.ts';

export interface ClusterServices {
  postgres: PostgresServer;
  influx: InfluxServer;
  broker: MosquittoBroker;
}

/** One of each, for all tests of a file. */
export function clusterServices(): ClusterServices {
  const services: Partial<ClusterServices> = {};
  before(async () => {
    const [postgres, influx, broker] = await Promise.all([startPostgres(), startInflux(), startMosquitto()]);
    Object.assign(services, { postgres, influx, broker });
  });
  after(() => Promise.all(Object.values(services).map((service) => service.close())));
  // Tests run after `before`.
  return services as ClusterServices;
}

export interface LabDevice {
  readonly id: string;
  readonly client: ReturnType<typeof makeDevice>;
  /** The ids of the commands that it was given, in order. */
  readonly calls: string[];
  readonly balancer: Balancer;
  /** Connects through another hub from now on. */
  lead(to: HubProcess): void;
  /** So it does, and its link breaks. */
  move(to: HubProcess): Promise<void>;
  /** Commands are carried out, and answered only after `answer`. */
  hold(): void;
  answer(): void;
}

const patient = { timeoutMs: 30_000 };
const portOf = (url: string): number => Number(new URL(url.replace('ws', 'http')).port);
export const socketOf = (hub: HubProcess): string => join(hub.dataDir, 'hub.sock');
let labs = 0;

/** Hubs that are one: the same state, broker and store, and a topic root of their own. */
export function startClusterLab(t: TestContext, { postgres, influx, broker }: ClusterServices) {
  const name = `cluster_${(labs += 1)}`;
  const root = `hub/c${labs}`;
  const stateUrl = postgres.url(name);
  const env = {
    HUB_TLS: 'off',
    HUB_INFLUX_URL: influx.url,
    HUB_MQTT_URL: broker.url,
    HUB_MQTT_ROOT: root,
    HUB_STATE_URL: stateUrl,
    HUB_STATE_USERNAME: postgres.username,
  };
  async function startHub(further: Readonly<Record<string, string>> = {}): Promise<HubProcess> {
    const folder = temporaryFolder('cluster-hub');
    t.after(() => folder.remove());
    const hub = await spawnHub({ dataDir: folder.path, env: { ...env, ...further } });
    t.after(() => hub.close());
    return hub;
  }
  async function connect(hub: HubProcess, id: string, secret: string): Promise<LabDevice> {
    let port = portOf(hub.deviceUrl);
    const balancer = await startBalancer(() => [port]);
    const url = `ws://127.0.0.1:${balancer.port}/v1/device`;
    const client = makeDevice({
      url,
      id,
      secret,
      type: 'env-sensor@1',
      backoffFirstMs: 100,
    });
    const calls: string[] = [];
    let held = Promise.withResolvers<void>();
    held.resolve();
    client.onCommand('set-interval', async ({ id: command }) => {
      calls.push(command);
      await held.promise;
      return { status: 'succeeded' };
    });
    t.after(async () => {
      await client.close();
      await balancer.close();
    });
    const welcomed = eventOf(client, 'welcome', patient.timeoutMs);
    client.wake();
    await welcomed;
    return {
      id,
      client,
      calls,
      balancer,
      lead(to) {
        port = portOf(to.deviceUrl);
      },
      hold() {
        held = Promise.withResolvers();
      },
      answer: () => held.resolve(),
      async move(to) {
        const again = eventOf(client, 'welcome', patient.timeoutMs);
        port = portOf(to.deviceUrl);
        balancer.cut();
        await again;
      },
    };
  }
  return { name, root, env, startHub, connect };
}

/** @returns the secrets, in the order of the ids */
export async function addDevices(hub: HubProcess, ids: readonly string[]): Promise<string[]> {
  const added = await adminClient(socketOf(hub)).addDevices({
    ids: [...ids],
    type: 'env-sensor@1',
    site: 'lab',
  });
  return ids.map((id) => added.find((each) => each.id === id)?.secret ?? '');
}

export function sendCommand(hub: HubProcess, id: string, command: string) {
  return callApi(socketOf(hub), 'POST /api/v1/devices/{id}/commands/{command}', {
    params: { id, command: 'set-interval' },
    body: { id: command, params: { seconds: 30 } },
  });
}

export async function statusOf(hub: HubProcess, command: string): Promise<string | undefined> {
  const { commands } = await callApi(socketOf(hub), 'GET /api/v1/commands', { query: { id: command } });
  return commands[0]?.status;
}

export function clusterOf(hub: HubProcess) {
  return callApi(socketOf(hub), 'GET /api/v1/cluster', {});
}

export function detailsOf(hub: HubProcess, id: string) {
  return callApi(socketOf(hub), 'GET /api/v1/devices/{id}', { params: { id } });
}

export async function presenceAt(
  hub: HubProcess,
  id: string,
  state: string,
  timeoutMs = 40_000,
): Promise<void> {
  const what = `${id} is ${state} at ${hub.dataDir}`;
  await waitFor(async () => (await detailsOf(hub, id)).presence === state, { what, timeoutMs, everyMs: 50 });
}
