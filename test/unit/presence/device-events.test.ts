import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DeviceEvents } from '../../../hub/presence/device-events.ts';
import { ManualClock } from '../../helpers/clock.ts';

test('strangers who try an id from many addresses do not push out what the device itself has done', () => {
  const deviceEvents = new DeviceEvents(new ManualClock());
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
  const events = deviceEvents.of('d-1');
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
