import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openedSession, updatedSession } from '../../../hub/presence/last-session.ts';
import { PresenceKeeper } from '../../../hub/presence/presence-keeper.ts';
import { startSessions } from '../../helpers/hubs/session-fixture.ts';
import { silentLog } from '../../helpers/silent-log.ts';
import { startMs } from '../../helpers/start-time.ts';

test('what a device said of itself stays known when it is gone and the hub has restarted', async (t) => {
  const { open, presence, presenceStore, clock, liveness } = await startSessions(t);
  const device = await open('d1', { deviceType: 'sensor@2', firmware: '2.1', heartbeatSec: 20 });
  device.send({ type: 'heartbeat', t1: 300, clock: clock.now() + 40 });
  const said = { deviceType: 'sensor@2', firmware: '2.1', address: '10.0.0.1', heartbeatSec: 20 };
  const session = { ...said, openedMs: startMs, heardMs: startMs };
  const known = presence.session('d1');
  assert.deepEqual(known?.session, { ...session, open: true });
  assert.deepEqual([known.clock?.offsetMs, known.clock?.measuredMs], [40, startMs]);
  device.session.closed(1006, '');
  await presence.settled();

  const timing = { heartbeatMs: 30_000, graceMs: 15_000 };
  const d1 = { id: 'd1', createdMs: startMs, epoch: 1, disabled: false, timing };
  const store = presenceStore;
  const deps = { clock, log: silentLog, liveness, store, turnedAway: [], followers: [] };
  const restarted = new PresenceKeeper(deps);
  await restarted.load(5_000, [d1]);
  assert.deepEqual(restarted.session('d1'), { session: { ...session, open: false }, clock: known.clock });
});

test('the clock that was last measured counts until a new session has measured it', () => {
  const facts = { type: { id: 'sensor@2' }, address: '192.0.2.1', firmware: undefined };
  const measured = { driftMs: 2, quality: 'unknown', measuredMs: startMs } as const;
  const fresh = { driftMs: 0, quality: 'unknown' } as const;
  const before = openedSession(startMs, { ...facts, clock: measured }, undefined);
  const now = openedSession(startMs, { ...facts, clock: fresh }, before);
  assert.deepEqual(now.clock, measured);
  assert.deepEqual(updatedSession(now, { ...facts, clock: fresh }).clock, measured);
  const again = { ...measured, measuredMs: startMs + 9_000 };
  assert.deepEqual(updatedSession(now, { ...facts, clock: again }).clock, again);
});
