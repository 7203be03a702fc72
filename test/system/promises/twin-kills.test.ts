import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeDevice, RamMemory } from '../../../sdk/typescript/src/node.ts';
import { callApi } from '../../../hub/cli/admin-client.ts';
import type { GroupTwinView } from '../../../schemas/api/twins/group-twins.ts';
import type { JsonObject } from '../../../schemas/twin/merge-patch.ts';
import { registerDevices } from '../../helpers/drills/command-fleet.ts';
import { spawnHub } from '../../helpers/services/process.ts';
import { temporaryFolder } from '../../helpers/services/guard.ts';
import { letPass } from '../../helpers/let-pass.ts';
import { waitFor } from '../../helpers/wait-for.ts';

const rounds = 6;
const count = 6;

test('a hub that is killed at any moment loses no setting that it accepted, and sets no wave too far', async (t) => {
  const folder = temporaryFolder('twin-kills');
  t.after(() => folder.remove());
  const env = { HUB_TLS: 'off', HUB_DATA_DIR: folder.path, HUB_DEVICE_LISTEN: '127.0.0.1:0' };
  let hub = await spawnHub({ env });
  t.after(() => hub.kill());
  const socket = join(folder.path, 'hub.sock');
  const secrets = await registerDevices(hub, { prefix: 'd-', count, type: 'env-sensor@1' });
  const flash = new Map<string, RamMemory>();
  const connect = (id: string, secret: string, takes: (state: JsonObject) => boolean) => {
    const memory = flash.get(id) ?? new RamMemory();
    flash.set(id, memory);
    const client = makeDevice({
      url: hub.deviceUrl,
      id,
      secret,
      type: 'env-sensor@1',
      memory,
    });
    client.onDesired((state) => {
      client.reported(state);
      return takes(state) ? [] : [{ path: '', message: 'no' }];
    });
    client.wake();
    return client;
  };
  /** Device → the alias that was accepted last. */
  const accepted = new Map<string, string>();
  for (let round = 1; round <= rounds; round += 1) {
    const clients = [...secrets].map(([id, secret]) => connect(id, secret, () => true));
    const killed = new AbortController();
    const changing = [...secrets.keys()].map(async (id) => {
      for (let n = 1; !killed.signal.aborted; n += 1) {
        const alias = `${round}-${n}`;
        try {
          await callApi(socket, 'PATCH /api/v1/devices/{id}/twin/desired', {
            params: { id },
            body: { alias },
          });
          accepted.set(id, alias);
        } catch {
          // It was killed: whether the last one is on disk nobody was told.
          return;
        }
      }
    });
    // At another moment of the writing each time.
    await letPass(150 + round * 37);
    await hub.kill('SIGKILL');
    killed.abort();
    await Promise.all(changing);
    await Promise.all(clients.map((client) => client.close()));
    hub = await spawnHub({ env });
    for (const [id, alias] of accepted) {
      const { desired } = await callApi(socket, 'GET /api/v1/devices/{id}/twin', { params: { id } });
      // What was on its way when the hub died may be there as well.
      const numberOf = (text: unknown): number => {
        const [inRound, n] = String(text).split('-').map(Number);
        return Number(inRound) * 1_000_000 + Number(n);
      };
      assert.ok(
        numberOf(desired['alias']) >= numberOf(alias),
        `${id} has ${String(desired['alias'])} after ${alias}`,
      );
    }
  }
  assert.equal(accepted.size, count);

  // One device a wave, the third refuses: whenever the hub dies, nobody behind it is set.
  const takes = (id: string) => (state: JsonObject) => id !== 'd-3' || state['intervalSec'] === undefined;
  let clients = [...secrets].map(([id, secret]) => connect(id, secret, takes(id)));
  const body = { id: 't-1', to: 'all', patch: { intervalSec: 30 }, wave: 1 };
  await callApi(socket, 'POST /api/v1/group-twins', { body });
  const show = (): Promise<GroupTwinView> =>
    callApi(socket, 'GET /api/v1/group-twins/{id}', { params: { id: 't-1' } });
  for (let kill = 1; kill <= 3; kill += 1) {
    await letPass(120 * kill);
    await hub.kill('SIGKILL');
    await Promise.all(clients.map((client) => client.close()));
    hub = await spawnHub({ env });
    clients = [...secrets].map(([id, secret]) => connect(id, secret, takes(id)));
  }
  await waitFor(async () => (await show()).final, { what: 'the end of the group twin', timeoutMs: 30_000 });
  const { status, failed, devices } = await show();
  assert.deepEqual([status, failed], ['stopped', 1]);
  for (const { device } of devices.slice(3)) {
    const { desired } = await callApi(socket, 'GET /api/v1/devices/{id}/twin', { params: { id: device } });
    assert.equal(desired['intervalSec'], undefined, `${device} was not set`);
  }
  await Promise.all(clients.map((client) => client.close()));
});
