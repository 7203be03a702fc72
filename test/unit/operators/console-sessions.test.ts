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

test('logins are listed newest first and the oldest gives way, also after a restart', async () => {
  const { clock, signIn, restarted } = consoleLogins();
  const cookies: string[] = [];
  for (let n = 0; n < 20; n += 1) {
    cookies.push(await signIn('operator:anna'));
    clock.advance(1_000);
  }
  const next = await restarted();
  const opened = next.list().map(({ openedMs }) => openedMs);
  assert.deepEqual(
    opened,
    opened.toSorted((a, b) => b - a),
  );
  await next.open('operator:anna', {
    grant: 'grant of operator:anna',
    kind: 'browser',
    address: '192.0.2.1',
    secure: false,
  });
  assert.deepEqual(
    cookies.map((cookie) => next.lives(cookie)),
    cookies.map((_, at) => at > 0),
  );
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

test('a login at one hub holds at the others, and ends there, within a look', async () => {
  const here = consoleLogins();
  const grantOf = (actor: string): string => `grant of ${actor}`;
  const there = await here.restarted();
  const cookie = await here.signIn('operator:anna');
  assert.equal(there.find(cookie), undefined);
  await there.refresh(grantOf);
  assert.deepEqual(there.find(cookie), here.sessions.find(cookie));
  assert.ok(!there.lives('of nobody'));

  await here.sessions.close(cookie);
  assert.ok(there.lives(cookie));
  await there.refresh(grantOf);
  assert.ok(!there.lives(cookie));
});

test('a login with rights that this hub does not know yet is left alone for a minute, and ended afterwards', async () => {
  const here = consoleLogins();
  const grantOf = (actor: string): string => `grant of ${actor}`;
  const there = await here.restarted();
  const cookie = await here.signIn('operator:eve');
  await there.refresh(() => undefined);
  assert.ok(!there.lives(cookie), 'it does not hold');
  await there.refresh(grantOf);
  assert.ok(there.lives(cookie), 'and holds when the account is known');

  const late = await here.restarted();
  here.clock.advance(minuteMs + 1);
  await (await here.restarted(() => undefined)).refresh(() => 'changed rights');
  await late.refresh(grantOf);
  assert.ok(!late.lives(cookie));
});

test('a login that is used at one hub does not grow old at the others', async () => {
  const here = consoleLogins();
  const there = await here.restarted();
  const cookie = await here.signIn('operator:anna');
  const grantOf = (actor: string): string => `grant of ${actor}`;
  await there.refresh(grantOf);
  here.clock.advance(50 * minuteMs);
  here.sessions.find(cookie);
  await here.sessions.save();
  await there.refresh(grantOf);
  here.clock.advance(50 * minuteMs);
  assert.ok(there.lives(cookie));
});
