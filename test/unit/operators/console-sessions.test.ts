import assert from 'node:assert/strict';
import { test } from 'node:test';
import { consoleLogins } from '../../helpers/hubs/console-logins.ts';
import { startMs } from '../../helpers/start-time.ts';
import { ManualClock } from '../../helpers/clock.ts';

const minuteMs = 60_000;
const dayMs = 86_400_000;

test('whoever signs in again and again ends sessions of its own alone', async () => {
  const { sessions, signIn, restarted } = consoleLogins();
  const cookie = await signIn('operator:anna');
  const own: string[] = [];
  for (let n = 0; n < 2_000; n += 1) own.push(await signIn('operator:bob'));
  for (const logins of [sessions, await restarted()]) {
    assert.ok(logins.lives(cookie));
    assert.deepEqual(
      own.map((each) => logins.lives(each)),
      own.map((_, at) => at >= 1_980),
      'the newest twenty are left',
    );
  }
  assert.equal(sessions.pushedOut, 1_980);
});

test('a login outlives a restart, with the same token against forged requests, and neither is in the state', async () => {
  const { store, sessions, signIn, restarted } = consoleLogins();
  const cookie = await signIn('operator:anna');
  const found = sessions.find(cookie);
  assert.equal(found?.actor, 'operator:anna');
  assert.deepEqual((await restarted()).find(cookie), found);
  const stored = JSON.stringify([...store.sessions]);
  assert.ok(!stored.includes(cookie) && !stored.includes(found.csrf));
});

test('a person signs in again after an hour without use or after twelve hours, restarts included', async () => {
  const { clock, sessions, signIn, restarted } = consoleLogins();
  const idle = await signIn('operator:anna');
  const used = await signIn('operator:anna');
  clock.advance(59 * minuteMs);
  assert.ok(sessions.find(used));
  await sessions.save();
  clock.advance(2 * minuteMs);
  const next = await restarted();
  assert.deepEqual([next.lives(idle), next.lives(used)], [false, true]);
  for (let hour = 0; hour < 11; hour += 1) {
    clock.advance(55 * minuteMs);
    assert.ok(next.find(used), `after ${hour + 2} hours`);
  }
  clock.advance(55 * minuteMs);
  assert.equal(next.find(used), undefined);
});

test('a screen stays signed in for as long as its page is open, and for 90 days without', async () => {
  const { clock, sessions, signIn, restarted } = consoleLogins();
  const cookie = await signIn('token:hall', 'screen');
  const forgotten = await signIn('token:cellar', 'screen');
  for (let day = 0; day < 100; day += 1) {
    clock.advance(dayMs);
    assert.ok(sessions.lives(cookie));
  }
  await sessions.save();
  const next = await restarted();
  assert.deepEqual([next.lives(cookie), next.lives(forgotten)], [true, false]);
  clock.advance(91 * dayMs);
  assert.equal(next.lives(cookie), false);
});

test('a clock of the machine that is set signs nobody out', async () => {
  const { clock, sessions, signIn, restarted } = consoleLogins(new ManualClock(startMs));
  const cookie = await signIn('operator:anna');
  clock.setNow(startMs + 400 * dayMs);
  assert.ok(sessions.lives(cookie));
  await sessions.save();
  clock.setNow(startMs);
  assert.ok((await restarted()).lives(cookie));
});

test('what ended a login ends it for good: signing out, an admin, a change of the account or the token', async () => {
  const { sessions, signIn, restarted } = consoleLogins();
  const left = await signIn('operator:anna');
  const ended = await signIn('operator:anna');
  const other = await signIn('operator:anna');
  const changed = await signIn('operator:bob');
  const crashed = await signIn('token:hall', 'screen');
  await sessions.close(left);
  // Newest first.
  const [, , , second] = sessions.list();
  await sessions.revoke(second?.id ?? '');
  await assert.rejects(sessions.revoke(second?.id ?? ''), { code: 'session-unknown' });
  sessions.closeAll('operator:bob');
  const next = await restarted((actor) => (actor === 'token:hall' ? undefined : `grant of ${actor}`));
  assert.deepEqual(
    [left, ended, other, changed, crashed].map((cookie) => next.lives(cookie)),
    [false, false, true, false, false],
  );
  const [again] = (await restarted((actor) => `another grant of ${actor}`)).list();
  assert.equal(again, undefined, 'rights that changed while no hub ran count too');
});

test('a disk that fails keeps nobody out, and says that a sign-out may not last', async () => {
  const { store, sessions, signIn } = consoleLogins();
  store.fails = true;
  const cookie = await signIn('operator:anna');
  assert.ok(sessions.lives(cookie));
  assert.equal(sessions.saveFailures, 1);
  await assert.rejects(sessions.close(cookie), { code: 'database-failed' });
  assert.equal(sessions.lives(cookie), false);
});
