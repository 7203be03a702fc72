import assert from 'node:assert/strict';
import { test } from 'node:test';
import { first, startKeeper } from '../../helpers/hubs/presence-fixture.ts';

test('a device is pinged whenever the hub has sent nothing for a heartbeat, and not while it gets answers', (t) => {
  const { keeper, clock, liveness, link } = startKeeper(t);
  const one = link();
  const watch = keeper.opened('d1', one, first);
  for (let ms = 0; ms < 10_000; ms += 100) {
    clock.advance(100);
    watch.heardAt = liveness.now;
  }
  assert.ok(one.pings >= 9 && one.pings <= 10, `${one.pings} pings in ten heartbeats without an answer`);
  for (let ms = 0; ms < 10_000; ms += 100) {
    clock.advance(100);
    watch.heardAt = liveness.now;
    if (ms % 800 === 0) one.outbox.sentAt = liveness.now;
  }
  assert.ok(one.pings <= 10, `${one.pings} pings, some to a device that was answered`);
});

test('a device that hangs is not given up while its stack answers, whatever the hub sends it', async (t) => {
  const { keeper, clock, liveness, link, told } = startKeeper(t);
  const one = link();
  keeper.opened('d1', one, first);
  for (let ms = 0; ms < 10_000; ms += 100) {
    clock.advance(100);
    one.outbox.sentAt = liveness.now;
  }
  assert.deepEqual((await told()).at(-1), 'd1 offline no-heartbeat');
  assert.equal(one.silences, 0);
});
