import assert from 'node:assert/strict';
import type { Presence } from '../../schemas/api/presence.ts';
import { storedDevice } from '../helpers/stores/stored-device.ts';
import { contract } from '../helpers/stores/store-kinds.ts';

const online = {
  state: 'online',
  reason: 'session-opened',
  sinceMs: 1_700_000_000_000.125,
  epoch: 0,
  n: 1,
  marks: { pongMs: 1.5, dataMs: 2 },
  timing: { heartbeatMs: 30_000, graceMs: 15_000 },
  session: {
    openedMs: 1_700_000_000_000.5,
    deviceType: 'env-sensor@1',
    address: '192.0.2.1',
    firmware: `1.0 "ß"`,
    clock: { driftMs: -0.5, quality: 'good', offsetMs: 3, measuredMs: 1_700_000_000_001 },
  },
} as const;
const sleeping: Presence = {
  state: 'sleeping',
  reason: 'bye',
  sinceMs: 5,
  epoch: 0,
  n: 4,
  untilMs: 99.5,
  marks: {},
};

contract('presence rows replace each other and come back after a restart', async (state) => {
  const { devices, presence } = state.stores;
  await devices.add([storedDevice('a'), storedDevice('b'), storedDevice('c')]);
  await presence.savePresence([
    { deviceId: 'a', ...sleeping },
    { deviceId: 'b', ...sleeping },
    { deviceId: 'c', ...online },
  ]);
  await presence.savePresence([{ deviceId: 'a', ...online }]);
  await devices.remove('c');
  await state.restart();
  const rows = await state.stores.presence.loadPresence();
  assert.deepEqual(
    rows.toSorted((a, b) => (a.deviceId < b.deviceId ? -1 : 1)),
    [
      { deviceId: 'a', ...online },
      { deviceId: 'b', ...sleeping },
    ],
  );
});

contract('of several rows of one device the last one stays', async ({ stores }) => {
  const { devices, presence } = stores;
  await devices.add([storedDevice('a')]);
  const rows = [sleeping, online, { ...sleeping, n: 9 }].map((row) => ({ deviceId: 'a', ...row }));
  assert.deepEqual([...(await presence.savePresence(rows))], ['a']);
  assert.equal((await presence.loadPresence())[0]?.n, 9);
});

contract('what is saved is said, and a device that is not registered is not ours', async ({ stores }) => {
  const { devices, presence } = stores;
  await devices.add([storedDevice('a'), storedDevice('gone')]);
  await devices.remove('gone');
  assert.deepEqual([...(await presence.savePresence([]))], []);
  const saved = await presence.savePresence([
    { deviceId: 'gone', ...online },
    { deviceId: 'a', ...online },
  ]);
  assert.deepEqual([...saved], ['a']);
  assert.deepEqual(await presence.loadPresence(), [{ deviceId: 'a', ...online }]);
});
