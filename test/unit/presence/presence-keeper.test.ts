import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { HubError } from '../../../hub/kernel/errors.ts';
import type { PresenceRow } from '../../../hub/presence/presence-store.ts';
import { MemoryPresenceStore } from '../../helpers/devices/memory-devices.ts';
import { first, startKeeper, timing } from '../../helpers/hubs/presence-fixture.ts';
import { turn } from '../../helpers/hubs/session-fixture.ts';
import { startMs } from '../../helpers/start-time.ts';

function known(id: string) {
  return { id, createdMs: startMs - 5_000, epoch: 3, disabled: false, timing };
}

function row(deviceId: string, state: PresenceRow['state'], untilMs?: number): PresenceRow {
  const rest = { marks: {}, reason: 'session-opened' as const, sinceMs: startMs - 1_000, epoch: 3, n: 2 };
  return { deviceId, state, ...rest, ...(untilMs === undefined ? {} : { untilMs }) };
}

test('a silent device whose stack answers is offline with no-heartbeat, and its socket stays', async (t) => {
  const { keeper, clock, told, link } = startKeeper(t);
  const one = link();
  keeper.opened('d1', one, first);
  assert.deepEqual(await told(), ['d1 online session-opened']);
  clock.advance(1_500);
  assert.deepEqual(await told(), ['d1 suspect heartbeat-late'], 'not offline before heartbeat + grace');
  assert.ok(one.pings > 0, 'asked at the heartbeat');
  clock.advance(100);
  assert.deepEqual(await told(), ['d1 offline no-heartbeat']);
  clock.advance(60_000);
  assert.equal(one.silences, 0);
  assert.deepEqual(await told(), []);
});

test('a hung device whose link dies later is closed then', (t) => {
  const { keeper, clock, link } = startKeeper(t);
  const one = link();
  keeper.opened('d1', one, first);
  clock.advance(10_000);
  assert.equal(one.silences, 0);
  one.answers = false;
  clock.advance(2 * 1_600);
  assert.equal(one.silences, 1);
});

test('neither frames nor pongs: link-lost, and the session is told', async (t) => {
  const { keeper, clock, told, link } = startKeeper(t);
  const one = link();
  one.answers = false;
  keeper.opened('d1', one, first);
  clock.advance(1_600);
  assert.deepEqual(await told(), [
    'd1 online session-opened',
    'd1 suspect heartbeat-late',
    'd1 offline link-lost',
  ]);
  assert.equal(one.silences, 1);
});

test('a pong of an earlier silence does not vouch for the link in a later one', async (t) => {
  const { keeper, clock, told, link, liveness } = startKeeper(t);
  const one = link();
  const watch = keeper.opened('d1', one, first);
  clock.advance(1_200);
  watch.heardAt = liveness.now;
  keeper.heardAgain('d1', one, watch);
  one.answers = false;
  clock.advance(1_600);
  assert.deepEqual(await told(), [
    'd1 online session-opened',
    'd1 suspect heartbeat-late',
    'd1 online resumed',
    'd1 suspect heartbeat-late',
    'd1 offline link-lost',
  ]);
});

test('a frame after no-heartbeat is resumed, with a deadline of its own', async (t) => {
  const { keeper, clock, told, link } = startKeeper(t);
  const one = link();
  const watch = keeper.opened('d1', one, first);
  clock.advance(5_000);
  assert.notEqual(keeper.heardAgain('d1', one, watch), watch);
  clock.advance(1_500);
  assert.deepEqual(await told(), [
    'd1 online session-opened',
    'd1 suspect heartbeat-late',
    'd1 offline no-heartbeat',
    'd1 online resumed',
    'd1 suspect heartbeat-late',
  ]);
  clock.advance(100);
  assert.deepEqual(await told(), ['d1 offline no-heartbeat']);
});

test('a connection that breaks is suspect at once and offline for the same reason at the deadline of the last frame', async (t) => {
  const { keeper, clock, told, link } = startKeeper(t);
  const one = link();
  keeper.opened('d1', one, first);
  clock.advance(700);
  keeper.closed('d1', one, 'link');
  assert.deepEqual(await told(), ['d1 online session-opened', 'd1 suspect connection-broke']);
  clock.advance(799);
  assert.deepEqual(await told(), []);
  clock.advance(101);
  assert.deepEqual(await told(), ['d1 offline connection-broke']);
});

test('a link that breaks while its heartbeat is late is not called silent', async (t) => {
  const { keeper, clock, told, link } = startKeeper(t);
  const one = link();
  keeper.opened('d1', one, first);
  clock.advance(1_200);
  keeper.closed('d1', one, 'link');
  clock.advance(500);
  assert.deepEqual((await told()).slice(1), ['d1 suspect heartbeat-late', 'd1 offline connection-broke']);
});

test('a close of a session that was taken over changes nothing', async (t) => {
  const { keeper, told, link } = startKeeper(t);
  const [older, newer] = [link(), link()];
  keeper.opened('d1', older, first);
  keeper.opened('d1', newer, { ...timing, epoch: 2 });
  keeper.closed('d1', older, 'link');
  assert.deepEqual(await told(), ['d1 online session-opened', 'd1 online session-replaced']);
  keeper.closed('d1', newer, 'link');
  assert.deepEqual(await told(), ['d1 suspect connection-broke']);
});

test('after a bye nobody waits for frames; a sleeper is overdue only after its sleep and grace', async (t) => {
  const { keeper, clock, told, link } = startKeeper(t);
  keeper.opened('d1', link(), first);
  keeper.opened('d2', link(), first);
  keeper.bye('d1', undefined, 500);
  keeper.bye('d2', 60, 500);
  await told();
  assert.equal(keeper.get('d2').untilMs, startMs + 60_000);
  clock.advance(60_500);
  assert.deepEqual(await told(), []);
  clock.advance(100);
  assert.deepEqual(await told(), ['d2 overdue slept-too-long']);
});

test('a restarted hub gives those that were connected time to come back, and calls nobody else', async (t) => {
  const store = new MemoryPresenceStore();
  await store.savePresence([
    row('back', 'online'),
    row('gone', 'suspect'),
    row('asleep', 'sleeping', startMs + 1_000),
    row('away', 'offline'),
    row('removed', 'online'),
  ]);
  const { keeper, clock, told, link } = startKeeper(t, store);
  await keeper.load(5_000, ['back', 'gone', 'asleep', 'away', 'new'].map(known));
  assert.deepEqual(await told(), [
    'back unknown hub-restarted',
    'gone unknown hub-restarted',
    'new never-seen registered',
  ]);
  assert.deepEqual(keeper.get('new').sinceMs, startMs - 5_000, 'since it was registered');
  assert.equal([...keeper.all()].length, 5, 'nothing of the one that is gone');
  clock.advance(1_499);
  assert.deepEqual(await told(), []);
  clock.advance(101);
  assert.deepEqual(await told(), ['asleep overdue slept-too-long']);
  keeper.opened('back', link(), { heartbeatMs: 60_000, graceMs: 30_000, epoch: 4 });
  clock.advance(4_899);
  assert.deepEqual(await told(), ['back online session-opened']);
  clock.advance(101);
  assert.deepEqual(await told(), ['gone offline not-seen-since-restart']);
});

test('a change is on disk before it is told', async (t) => {
  const store = new MemoryPresenceStore();
  const { keeper, told, hooks, link } = startKeeper(t, store);
  const onDisk: unknown[] = [];
  hooks.changed = () => onDisk.push(store.rows.get('d1')?.state);
  keeper.opened('d1', link(), first);
  keeper.bye('d1', undefined, 0);
  assert.equal((await told()).length, 2);
  assert.deepEqual(onDisk, ['online', 'offline']);
});

test('a change that cannot be saved is told all the same, and counted', async (t) => {
  const { keeper, store, told, link } = startKeeper(t);
  store.fails = true;
  keeper.opened('d1', link(), first);
  assert.deepEqual(await told(), ['d1 online session-opened']);
  assert.equal(keeper.saveFailures, 1);
});

test('of several hubs one tells a change once it is saved, and none after it was declared dead', async (t) => {
  const { keeper, store, clock, told, link } = startKeeper(t, new MemoryPresenceStore(), true);
  store.fails = true;
  keeper.opened('d1', link(), first);
  assert.deepEqual(await told(), []);
  store.fails = false;
  clock.advance(1_000);
  assert.deepEqual(await told(), ['d1 online session-opened']);
  store.fails = new HubError('database-failed', '', { details: { reason: 'closed' } });
  keeper.draining('d1', startMs + 5_000);
  assert.deepEqual(await told(), [], 'another hub says of the device what is true');
});

test('a listener that throws does not end the keeping of presence', async (t) => {
  const { keeper, store, hooks, told, link } = startKeeper(t);
  hooks.changed = () => {
    throw new Error('the listener is broken');
  };
  keeper.opened('d1', link(), first);
  keeper.opened('d2', link(), first);
  assert.equal((await told()).length, 2);
  keeper.bye('d1', undefined, 0);
  assert.deepEqual(await told(), ['d1 offline bye']);
  assert.equal(store.rows.get('d1')?.state, 'offline');
});

test('a removed device leaves no state and no watch, and its last changes are told before', async (t) => {
  const { keeper, clock, told, link } = startKeeper(t);
  const one = link();
  keeper.opened('d1', one, first);
  keeper.closed('d1', one, 'link');
  await keeper.removed('d1');
  assert.deepEqual([...keeper.all()], []);
  assert.deepEqual(await told(), ['d1 online session-opened', 'd1 suspect connection-broke']);
  clock.advance(10_000);
  assert.deepEqual(await told(), []);
  assert.equal(one.silences, 0);
});

test('counts hold every state, also those nobody is in', async (t) => {
  const { keeper, link } = startKeeper(t);
  keeper.registered(known('d0'));
  keeper.opened('d1', link(), first);
  keeper.opened('d2', link(), first);
  keeper.bye('d2', 5, 0);
  assert.deepEqual(keeper.counts(), {
    'never-seen': 1,
    online: 1,
    suspect: 0,
    offline: 0,
    sleeping: 1,
    overdue: 0,
    migrating: 0,
    unknown: 0,
    disabled: 0,
  });
  await keeper.settled();
});

test('whatever sessions do, a device that speaks in time is never offline and a silent one always is', async (t) => {
  const gaps = fc.array(fc.integer({ min: 0, max: 1_499 }), { minLength: 1, maxLength: 20 });
  const run = async (waits: number[]): Promise<void> => {
    const { keeper, clock, liveness, told, link } = startKeeper(t);
    const one = link();
    const watch = keeper.opened('d1', one, first);
    for (const waitMs of waits) {
      clock.advance(waitMs);
      watch.heardAt = liveness.now;
      if (watch.attention) keeper.heardAgain('d1', one, watch);
    }
    const states = (await told()).map((change) => change.split(' ')[1]);
    assert.ok(!states.includes('offline'));
    assert.equal(states.at(-1), 'online');
    one.answers = false;
    clock.advance(1_600);
    assert.deepEqual(await told(), ['d1 suspect heartbeat-late', 'd1 offline link-lost']);
    await turn();
  };
  await fc.assert(fc.asyncProperty(gaps, run), { numRuns: 40 });
});

test('the time in which the hub turned devices away is no silence of theirs', async (t) => {
  const { keeper, clock, told, link, turnedAway } = startKeeper(t);
  const one = link();
  keeper.opened('d1', one, first);
  keeper.closed('d1', one, 'link');
  clock.advance(1_000);
  turnedAway.turnedAwayMs = 3_000;
  clock.advance(3_400);
  assert.deepEqual(await told(), ['d1 online session-opened', 'd1 suspect connection-broke']);
  clock.advance(400);
  assert.deepEqual(await told(), ['d1 offline connection-broke']);
});

test('a device that was sent away with a slot is awaited there by the next hub', async (t) => {
  const store = new MemoryPresenceStore();
  const before = startKeeper(t, store);
  before.keeper.opened('d1', before.link(), first);
  before.keeper.draining('d1', startMs + 20_000);
  await before.told();
  const { keeper, clock, told } = startKeeper(t, store);
  await keeper.load(5_000, [known('d1')]);
  clock.advance(21_400);
  assert.deepEqual(await told(), []);
  assert.deepEqual([keeper.get('d1').state, keeper.get('d1').untilMs], ['migrating', startMs + 20_000]);
  clock.advance(200);
  assert.deepEqual(await told(), ['d1 offline not-seen-since-restart']);
});

test('a hub that is restarted again and again goes on waiting for those it waited for', async (t) => {
  const store = new MemoryPresenceStore();
  await store.savePresence([row('d1', 'online')]);
  for (let start = 0; start < 5; start += 1) {
    const { keeper, clock, told } = startKeeper(t, store);
    await keeper.load(5_000, [known('d1')]);
    clock.advance(6_000);
    assert.deepEqual(await told(), start === 0 ? ['d1 unknown hub-restarted'] : []);
  }
});

test('a change of a device that is not ours is told to nobody, and counted', async (t) => {
  const store = new MemoryPresenceStore();
  store.notOurs.add('d2');
  const { keeper, told, link } = startKeeper(t, store);
  keeper.opened('d1', link(), first);
  keeper.opened('d2', link(), first);
  assert.deepEqual(await told(), ['d1 online session-opened']);
  assert.equal(keeper.notOurs, 1);
});

test('a disabled device is told as such until it is enabled', async (t) => {
  const { keeper, told, link } = startKeeper(t);
  keeper.opened('d1', link(), first);
  keeper.disabled('d1', true);
  keeper.disabled('d1', true);
  keeper.disabled('d1', false);
  assert.deepEqual(await told(), ['d1 online session-opened', 'd1 disabled disabled', 'd1 offline enabled']);
});

test('enabling a device that is not disabled leaves its watch alone', async (t) => {
  const { keeper, clock, told, link } = startKeeper(t);
  const one = link();
  one.answers = false;
  keeper.opened('d1', one, first);
  keeper.disabled('d1', false);
  await told();
  clock.advance(1_600);
  assert.deepEqual(await told(), ['d1 suspect heartbeat-late', 'd1 offline link-lost']);
});

test('a device that was disabled or enabled as the hub died is told as it is now', async (t) => {
  const store = new MemoryPresenceStore();
  await store.savePresence([row('off', 'offline'), row('on', 'disabled'), row('same', 'disabled')]);
  const { keeper, told } = startKeeper(t, store);
  const off = { ...known('off'), disabled: true };
  await keeper.load(5_000, [off, known('on'), { ...known('same'), disabled: true }]);
  assert.deepEqual(await told(), ['off disabled disabled', 'on offline enabled']);
});

test('a session after a bye is opened, not replaced, though the old socket is still closing', async (t) => {
  const { keeper, told, link } = startKeeper(t);
  keeper.opened('d1', link(), first);
  keeper.bye('d1', undefined, 0);
  keeper.opened('d1', link(), { ...timing, epoch: 2 });
  assert.deepEqual(await told(), ['d1 online session-opened', 'd1 offline bye', 'd1 online session-opened']);
});

test('the marks of the link are kept when it is gone', async (t) => {
  const { keeper, store, link } = startKeeper(t);
  const one = link();
  one.marks = () => ({ pongMs: 1, frameMs: 2, dataMs: 3 });
  keeper.opened('d1', one, first);
  keeper.closed('d1', one, 'link');
  await keeper.settled();
  assert.deepEqual(keeper.get('d1').marks, { pongMs: 1, frameMs: 2, dataMs: 3 });
  assert.deepEqual(store.rows.get('d1')?.marks, { pongMs: 1, frameMs: 2, dataMs: 3 });
});
