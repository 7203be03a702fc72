import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeDevice } from '../../../sdk/typescript/src/node.ts';
import { systemClock, type Clock } from '../../../schemas/time/clock.ts';
import { startInProcessHub } from '../../helpers/hubs/in-process-hub.ts';
import { RamStore } from '../../helpers/sdk/ram-store.ts';
import { waitFor } from '../../helpers/wait-for.ts';

/** A clock that stands until it is let go. */
function standingClock(): Clock & { go: () => void } {
  let beganMs: number | undefined;
  return {
    ...systemClock,
    monotonic: () => (beganMs === undefined ? 0 : systemClock.monotonic() - beganMs),
    go: () => void (beganMs = systemClock.monotonic()),
  };
}

test('20 of 20 readings are stored of boots that the hub never saw, though the last of one and the first of the next are of one moment', async (t) => {
  const hub = await startInProcessHub(t);
  await hub.add(['d-1']);
  const store = new RamStore();
  const address = { ...hub.device('d-1'), type: 'env-sensor@1', store };
  for (const boot of ['b-1', 'b-2', 'b-3']) {
    const device = makeDevice({ ...address, boot, clock: standingClock() });
    // The first at its beginning; the next boot begins when this one has ended.
    for (let up = 0; up < 5; up += 1) void device.measure('env', { temperature: up }, { up });
    await device.close();
  }
  const clock = standingClock();
  const device = makeDevice({ ...address, boot: 'b-4', clock });
  t.after(() => device.close());
  for (let up = 0; up < 5; up += 1) void device.measure('env', { temperature: up }, { up });
  clock.go();
  device.wake();
  await waitFor(() => device.counts().waiting === 0, { what: 'all are settled' });
  const query = { fromMs: 0, toMs: Date.now() + 60_000, limit: 100 };
  const rows = await waitFor(
    async () => {
      const params = { id: 'd-1', stream: 'env' };
      const { readings } = await hub.ask('GET /api/v1/devices/{id}/readings/{stream}', { params, query });
      return readings.length >= 20 && readings;
    },
    { what: '20 readings' },
  );
  assert.equal(rows.length, 20);
});
