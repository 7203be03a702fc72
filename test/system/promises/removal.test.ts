import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { connectAsync } from 'mqtt';
import { adminClient, callHub } from '../../../hub/cli/admin-client.ts';
import { createRemovalRows } from '../../../hub/adapters/rows/plain-stores.ts';
import { sqliteTables } from '../../../hub/adapters/sqlite/sqlite-state-tables.ts';
import { openStateDatabase } from '../../../hub/adapters/sqlite/state-database.ts';
import { readConfig } from '../../../hub/config/config.ts';
import { openOfflineOperations, type FileOperations } from '../../../hub/offline.ts';
import { temporaryFolder } from '../../helpers/services/guard.ts';
import { startMosquitto } from '../../helpers/services/mosquitto.ts';
import { spawnHub, type HubProcess } from '../../helpers/services/process.ts';
import { startTcpProxy } from '../../helpers/services/tcp-proxy.ts';
import { waitFor } from '../../helpers/wait-for.ts';

/** A hub on a real broker that can be cut off from it, and what the broker retains of presence. */
async function startLab(t: TestContext) {
  const folder = temporaryFolder('removal');
  const broker = await startMosquitto();
  const proxy = await startTcpProxy({ host: '127.0.0.1', port: broker.port });
  const bus = await connectAsync(broker.url);
  const retained = new Map<string, { state: string; epoch: number; n: number }>();
  bus.on('message', (topic, payload) => {
    const id = topic.split('/').at(-1) ?? '';
    if (payload.length === 0) retained.delete(id);
    else retained.set(id, JSON.parse(payload.toString()) as { state: string; epoch: number; n: number });
  });
  await bus.subscribeAsync('hub/v1/presence/#', { qos: 1 });
  const env = { HUB_TLS: 'off', HUB_MQTT_URL: `mqtt://127.0.0.1:${proxy.port}` };
  let hub: HubProcess | undefined;
  t.after(async () => {
    await hub?.close();
    await bus.endAsync(true);
    await proxy.close();
    await broker.close();
    folder.remove();
  });
  return {
    retained,
    proxy,
    async start(): Promise<HubProcess> {
      hub = await spawnHub({ dataDir: folder.path, env });
      return hub;
    },
    /** What is left to be ended of removed devices, in the files. */
    async removals(): Promise<unknown[]> {
      const state = await openStateDatabase(join(folder.path, 'state.db'));
      try {
        return (await createRemovalRows(sqliteTables(state)).load()).map(({ deviceId }) => deviceId);
      } finally {
        await state.close();
      }
    },
  };
}

/** For a machine that runs many tests at once. */
const patient = { timeoutMs: 20_000 };

/** Registers and removes over the running hub. */
async function add(hub: HubProcess, ...ids: string[]): Promise<void> {
  await adminClient(join(hub.dataDir, 'hub.sock')).addDevices({ ids, type: 'env-sensor@1', site: 'lab' });
}
async function remove(hub: HubProcess, id: string): Promise<void> {
  await adminClient(join(hub.dataDir, 'hub.sock')).removeDevice(id);
}

/** On the files, as the command line does when no hub runs. */
async function offline(
  dataDir: string,
  work: (operations: FileOperations) => Promise<unknown>,
): Promise<void> {
  const env = { HUB_DATA_DIR: dataDir, HUB_TLS: 'off', HUB_DEVICE_LISTEN: '127.0.0.1:0' };
  const { config } = readConfig({ env, cwd: dataDir, isCron: () => true, readFile: () => '' });
  const operations = await openOfflineOperations(config);
  try {
    await work(operations);
  } finally {
    await operations.close();
  }
}

/** A command that waits for the device. */
async function queue(hub: HubProcess, device: string): Promise<string> {
  const path = `/api/v1/devices/${device}/commands/set-interval`;
  const sent = await callHub(join(hub.dataDir, 'hub.sock'), 'POST', path, { params: { seconds: 5 } });
  const { id, status } = sent as { id: string; status: string };
  assert.equal(status, 'queued');
  return id;
}

async function statusOf(hub: HubProcess, device: string, id: string): Promise<[string, string | undefined]> {
  const path = `/api/v1/devices/${device}/commands/${id}`;
  const found = await callHub(join(hub.dataDir, 'hub.sock'), 'GET', path, undefined);
  const { status, reason } = found as { status: string; reason?: string };
  return [status, reason];
}

async function shown(hub: HubProcess, id: string) {
  const path = `/api/v1/devices/${id}`;
  return (await callHub(join(hub.dataDir, 'hub.sock'), 'GET', path, undefined)) as {
    presence: string;
    sinceMs: number;
    epoch: number;
    registeredMs: number;
  };
}

test('a device that is removed and registered again while no hub runs inherits nothing of the old one', async (t) => {
  const lab = await startLab(t);
  let hub = await lab.start();
  await add(hub, 'd-1', 'd-2');
  const old = await queue(hub, 'd-1');
  await waitFor(() => lab.retained.size === 2, { what: 'both are told', ...patient });
  await hub.kill('SIGKILL');

  await offline(hub.dataDir, async (operations) => {
    await operations.removeDevice('d-1');
    await operations.removeDevice('d-2');
    await operations.addDevices({ ids: ['d-1', 'd-3'], type: 'env-sensor@1', site: 'lab' });
  });
  assert.deepEqual(await lab.removals(), ['d-1', 'd-2']);

  hub = await lab.start();
  assert.deepEqual(await statusOf(hub, 'd-1', old), ['cancelled', 'device-removed']);
  await waitFor(() => !lab.retained.has('d-2') && lab.retained.has('d-3'), {
    what: 'the broker has heard',
    ...patient,
  });
  for (const id of ['d-1', 'd-3']) {
    const { presence, sinceMs, registeredMs } = await shown(hub, id);
    assert.deepEqual([presence, sinceMs], ['never-seen', registeredMs]);
  }
  await waitFor(async () => (await lab.removals()).length === 0, {
    what: 'nothing is left',
    everyMs: 50,
    ...patient,
  });
});

test('a removal outlives the broker and the hub, and ends no command of a new device of the same name', async (t) => {
  const lab = await startLab(t);
  let hub = await lab.start();
  await add(hub, 'd-1', 'd-2');
  await waitFor(() => lab.retained.size === 2, { what: 'both are told', ...patient });
  await lab.proxy.refuse();
  lab.proxy.cut();
  await remove(hub, 'd-1');
  const old = await queue(hub, 'd-2');
  await remove(hub, 'd-2');
  await add(hub, 'd-2');
  const fresh = await queue(hub, 'd-2');
  await hub.kill('SIGKILL');
  assert.equal(lab.retained.size, 2, 'the broker knows of nothing');
  assert.deepEqual(await lab.removals(), ['d-1', 'd-2']);

  await lab.proxy.resume();
  hub = await lab.start();
  await waitFor(() => !lab.retained.has('d-1'), { what: 'its presence is cleared', ...patient });
  assert.deepEqual(await statusOf(hub, 'd-2', old), ['cancelled', 'device-removed']);
  const [status] = await statusOf(hub, 'd-2', fresh);
  assert.ok(status === 'accepted' || status === 'queued', `it still waits: ${status}`);
  await waitFor(async () => (await lab.removals()).length === 0, {
    what: 'nothing is left',
    everyMs: 50,
    ...patient,
  });
  assert.equal(lab.retained.get('d-2')?.state, 'never-seen');
});
