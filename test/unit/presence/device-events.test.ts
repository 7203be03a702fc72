import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DeviceEvent } from '../../../schemas/api/presence.ts';
import { DeviceEvents } from '../../../hub/presence/device-events.ts';
import { ManualClock } from '../../helpers/clock.ts';
import { MemoryDeviceLists } from '../../helpers/devices/memory-devices.ts';
import { silentLog } from '../../helpers/silent-log.ts';

function newEvents(store = new MemoryDeviceLists<DeviceEvent>(), clock = new ManualClock()): DeviceEvents {
  return new DeviceEvents({ clock, log: silentLog, store });
}

test('strangers who try an id from many addresses do not push out what the device itself has done', async () => {
  const deviceEvents = newEvents();
  deviceEvents.record('d-1', { kind: 'connected', address: '192.0.2.1' });
  deviceEvents.record('d-1', { kind: 'closed', by: 'device', code: 1000, reason: '' });
  for (let n = 0; n < 1_000; n += 1) {
    deviceEvents.record('d-1', {
      kind: 'refused',
      status: 401,
      code: 'unauthorized',
      address: `10.0.0.${n}`,
    });
  }
  const events = await deviceEvents.of('d-1');
  assert.deepEqual(
    events.slice(0, 2).map(({ kind }) => kind),
    ['connected', 'closed'],
  );
  const addresses = events.slice(2).map((entry) => entry.kind === 'refused' && entry.address);
  assert.deepEqual(
    addresses,
    Array.from({ length: 8 }, (_, n) => `10.0.0.${992 + n}`),
    'the newest of them',
  );
});

test('what happened before a restart comes before what happens after it, within the same bounds', async () => {
  const store = new MemoryDeviceLists<DeviceEvent>();
  const before = newEvents(store);
  for (let epoch = 1; epoch <= 30; epoch += 1) before.record('d-1', { kind: 'opened', epoch, boot: 'b' });
  await before.lists.saveAll();
  for (const reads of [true, false]) {
    const after = newEvents(store);
    // Read first, or first when it is saved.
    if (reads) assert.equal((await after.of('d-1')).length, 30);
    for (let epoch = 31; epoch <= 40; epoch += 1) after.record('d-1', { kind: 'opened', epoch, boot: 'b' });
    if (!reads) await after.lists.saveAll();
    const events = await after.of('d-1');
    assert.deepEqual(
      events.map((event) => event.kind === 'opened' && event.epoch),
      Array.from({ length: 32 }, (_, n) => n + 9),
    );
  }
});
