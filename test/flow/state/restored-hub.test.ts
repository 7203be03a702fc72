import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { makeDevice, type Device } from '../../../sdk/typescript/src/node.ts';
import { adminClient, callApi } from '../../../hub/cli/admin-client.ts';
import { systemClock } from '../../../schemas/time/clock.ts';
import { dataFolder, runCommand } from '../../helpers/cli.ts';
import { startInProcessHub } from '../../helpers/hubs/in-process-hub.ts';
import { signedIn } from '../../helpers/hubs/operators.ts';
import { freePort } from '../../helpers/services/free-port.ts';
import { eventOf, waitFor } from '../../helpers/wait-for.ts';

interface Fleet {
  /** Executions of set-interval, by device. */
  ran: string[];
  epochs: Map<string, number>;
  join(id: string, secret: string): Promise<Device>;
}

/** Devices that come back by themselves, and note what they did. */
function fleetOf(t: TestContext, url: string, act: (id: string) => Promise<void> | void): Fleet {
  const fleet: Fleet = {
    ran: [],
    epochs: new Map(),
    async join(id, secret) {
      const client = makeDevice({ url, id, secret, type: 'env-sensor@1', backoffFirstMs: 100 });
      client.onCommand('set-interval', async () => {
        fleet.ran.push(id);
        await act(id);
        return { status: 'succeeded' };
      });
      client.on('welcome', ({ epoch }) => fleet.epochs.set(id, epoch));
      t.after(() => client.close());
      const welcomed = eventOf(client, 'welcome');
      client.wake();
      await welcomed;
      return client;
    },
  };
  return fleet;
}

test('a restored hub sends nothing again, asks devices what became of it, and counts on from beyond what it gave out', async (t) => {
  const listen = { HUB_DEVICE_LISTEN: `127.0.0.1:${await freePort()}` };
  const old = await startInProcessHub(t, listen);
  const oldSocket = join(old.dataDir, 'hub.sock');
  await old.add(['d-1', 'd-2', 'd-3']);
  const slow = Promise.withResolvers<void>();
  const fleet = fleetOf(t, old.hub.deviceUrl, (id) => (id === 'd-1' ? slow.promise : undefined));
  const secretOf = (id: string): string => old.device(id).secret;
  await fleet.join('d-1', secretOf('d-1'));
  await fleet.join('d-2', secretOf('d-2'));

  // At the backup: a command waits for d-3, a group command has begun with d-1, and a schedule is due soon.
  const set = { id: 'queued', params: { seconds: 60 } };
  const params = { id: 'd-3', command: 'set-interval' };
  await callApi(oldSocket, 'POST /api/v1/devices/{id}/commands/{command}', { params, body: set });
  const command = { params: { seconds: 60 }, wave: 1, maxFailures: 3 };
  const group = { to: 'all', name: 'set-interval', command };
  const sent = await callApi(oldSocket, 'POST /api/v1/group-commands', { body: group });
  assert.ok('id' in sent);
  const wave = sent.id;
  await waitFor(() => fleet.ran.includes('d-1'), { what: 'the group command has begun' });
  const atMs = Date.now() + 8_000;
  const action = { kind: 'command' as const, name: 'set-interval', params: { seconds: 60 } };
  const once1 = { name: 'once', atMs, timeZone: 'UTC', to: 'd-2', action, catchUp: 'once' as const };
  await callApi(oldSocket, 'POST /api/v1/schedules', { body: once1 });
  const { headers } = await signedIn(old, 'anna');
  const folder = join(dataFolder(t), 'backup');
  const backup = await runCommand(['backup', folder], old.dataDir, { clock: systemClock });
  assert.equal(backup.code, 0, backup.err);
  assert.ok(Date.now() < atMs, 'the backup is older than the time of the schedule');

  // After it: everything is done, d-3 has had its first session, and d-4 comes to life.
  const third = await fleet.join('d-3', secretOf('d-3'));
  await waitFor(() => fleet.ran.includes('d-3'), { what: 'd-3 has done what waited for it' });
  slow.resolve();
  await old.add(['d-4']);
  await fleet.join('d-4', secretOf('d-4'));
  const ended = { what: 'all has ended', timeoutMs: 20_000 };
  await waitFor(() => fleet.ran.length === 5, ended);
  const ran = [...fleet.ran];
  const epochs = new Map(fleet.epochs);
  const before = await callApi(oldSocket, 'GET /api/v1/hub', {});
  await old.hub.close();
  await third.close();

  const dataDir = join(dataFolder(t), 'restored');
  const restored = await runCommand(['restore', folder], dataDir, { clock: systemClock });
  assert.equal(restored.code, 0, restored.err);
  // d-3's, and d-1's of the group.
  assert.match(restored.out, /now uncertain: 2; running group commands, now stopped: 1/);
  const { hub } = await startInProcessHub(t, { ...listen, HUB_DATA_DIR: dataDir });
  const socket = join(dataDir, 'hub.sock');
  const me = await fetch(`${hub.adminUrl}/api/v1/me`, { headers: { ...headers } });
  assert.equal(me.status, 401, 'a login that may have ended since the backup is not valid again');
  // It has rebooted, and remembers nothing: what is sent to it again is done again.
  await fleet.join('d-3', secretOf('d-3'));
  const commands = await waitFor(
    async () => {
      const listed = (await callApi(socket, 'GET /api/v1/commands', {})).commands;
      return listed.every(({ final }) => final) && listed;
    },
    { what: 'every command has its final status', timeoutMs: 20_000 },
  );
  assert.deepEqual(commands.map(({ device, id, status }) => `${device} ${id} ${status}`).toSorted(), [
    `d-1 ${wave} succeeded`,
    'd-3 queued lost',
  ]);
  const stopped = await callApi(socket, 'GET /api/v1/group-commands/{id}', { params: { id: wave } });
  assert.deepEqual([stopped.status, stopped.reason], ['stopped', 'restored']);
  assert.deepEqual(
    stopped.devices.map(({ device, status, reason }) => [device, status, reason]),
    [
      ['d-1', 'succeeded', undefined],
      ['d-2', 'lost', 'restored'],
      ['d-3', 'lost', 'restored'],
    ],
  );
  const [schedule] = (await callApi(socket, 'GET /api/v1/schedules', {})).schedules;
  assert.deepEqual([schedule?.lastMs, schedule?.nextMs], [atMs, undefined]);
  assert.deepEqual(fleet.ran, ran);

  // d-4 is not known any more. Registered again, it goes on beyond its old epoch, as do those of the backup.
  const [added] = await adminClient(socket).addDevices({
    ids: ['d-4'],
    type: 'env-sensor@1',
    site: 'default',
  });
  await fleet.join('d-4', added?.secret ?? '');
  for (const id of ['d-1', 'd-2', 'd-3', 'd-4']) {
    await waitFor(() => (fleet.epochs.get(id) ?? 0) > (epochs.get(id) ?? 0) + 1_000, {
      what: `${id} is back`,
    });
    const known = await adminClient(socket).showDevice(id);
    assert.equal(known.epoch, fleet.epochs.get(id));
  }
  const after = await callApi(socket, 'GET /api/v1/hub', {});
  assert.equal(after.hubId, before.hubId);
  assert.ok(Number(after.incarnation) > Number(before.incarnation) + 1_000);
});
