import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { startCloneGuard } from '../../../hub/sessions/clone-guard.ts';
import { ManualClock } from '../../helpers/clock.ts';
import { startSessions } from '../../helpers/hubs/session-fixture.ts';

const owner = { boot: 'b-owner', address: '10.0.0.1' };
const copy = { boot: 'b-copy', address: '10.0.0.2' };

function startGuard(t: TestContext) {
  const clock = new ManualClock(1_000_000);
  const alarms: string[] = [];
  const guard = startCloneGuard({
    clock,
    random: () => 0,
    alarm: (id, raised) => alarms.push(`${id} ${raised ? 'raised' : 'over'}`),
  });
  t.after(() => guard.close());
  return { clock, alarms, guard };
}

test('reboots, and reconnects after a dead link, are no fight', (t) => {
  const { guard, alarms, clock } = startGuard(t);
  for (let boot = 0; boot < 50; boot += 1) {
    const before = { ...owner, boot: `b${boot}` };
    const next = { ...owner, boot: `b${boot + 1}` };
    assert.equal(guard.judge('d', next, before).kind, 'admit');
    assert.equal(guard.judge('d', next, next).kind, 'admit');
    clock.advance(5_000);
  }
  assert.deepEqual(alarms, []);
});

test('a device that wanders once between two addresses is no fight', (t) => {
  const { guard, alarms } = startGuard(t);
  const roamed = { ...owner, address: '10.0.0.9' };
  assert.equal(guard.judge('d', roamed, owner).kind, 'admit');
  assert.equal(guard.judge('d', owner, roamed).kind, 'admit');
  assert.equal(guard.judge('d', roamed, owner).kind, 'admit');
  assert.deepEqual(alarms, []);
});

test('two boots in turn raise one alarm, both wait, and each gets its turns', (t) => {
  const { guard, alarms, clock } = startGuard(t);
  assert.equal(guard.judge('d', copy, owner).kind, 'admit');
  assert.equal(guard.judge('d', owner, copy).kind, 'admit');
  assert.deepEqual(guard.judge('d', copy, owner), { kind: 'hold', retryAfterMs: 10_000, both: true });
  assert.deepEqual(alarms, ['d raised']);
  clock.advance(5_000);
  assert.deepEqual(guard.judge('d', owner, undefined), { kind: 'hold', retryAfterMs: 5_000, both: false });
  clock.advance(5_000);
  assert.equal(guard.judge('d', copy, undefined).kind, 'admit');
  assert.equal(guard.judge('d', owner, copy).kind, 'hold', 'whoever is in stays for a while');
  clock.advance(10_000);
  assert.equal(guard.judge('d', owner, copy).kind, 'admit', 'the owner is not locked out for good');
  clock.advance(15_000);
  assert.equal(guard.judge('d', copy, owner).kind, 'hold', 'the turns get longer');
  assert.deepEqual(alarms, ['d raised']);
  clock.advance(31 * 60_000);
  assert.deepEqual(alarms, ['d raised', 'd over']);
  assert.equal(guard.judge('d', owner, copy).kind, 'admit');
});

test('the owner gets in again within ten minutes, however often the copy comes', (t) => {
  const { guard, clock } = startGuard(t);
  let inside = owner;
  let ownerIn = 0;
  let longestOutMs = 0;
  let outMs = 0;
  for (let second = 0; second < 7_200; second += 1) {
    for (const claimant of [copy, owner]) {
      if (inside.boot === claimant.boot) continue;
      if (guard.judge('d', claimant, inside).kind === 'admit') inside = claimant;
    }
    clock.advance(1_000);
    if (inside === owner) ownerIn += 1;
    outMs = inside === owner ? 0 : outMs + 1_000;
    longestOutMs = Math.max(longestOutMs, outMs);
  }
  assert.ok(longestOutMs <= 600_000, `${longestOutMs} ms`);
  assert.ok(ownerIn > 7_200 * 0.3, `${ownerIn} s of 7,200`);
});

test('a fight closes both sessions with 4409 and the time to wait, and is told once', async (t) => {
  const { connect, alarms, counters, clock, deviceEvents } = await startSessions(t);
  const boots = ['b-owner', 'b-copy'];
  let last;
  for (let turn = 0; turn < 4; turn += 1) {
    last = connect('d1', `10.0.0.${turn % 2}`);
    await last.hello({ boot: boots[turn % 2] });
    clock.advance(1_000);
  }
  assert.equal(last?.socket.closedWith?.code, 4409);
  assert.deepEqual(alarms, ['d1 raised']);
  assert.deepEqual(counters.closes, { replaced: 2, 'cloned-credential': 2 });
  assert.ok((await deviceEvents.of('d1')).some(({ kind }) => kind === 'held'));
});
