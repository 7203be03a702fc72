import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { makeDevice, type Device } from '../../../sdk/typescript/src/node.ts';
import { ManualClock } from '../../helpers/clock.ts';
import { PlayedLinks, welcomeFrame } from '../../helpers/sdk/played-link.ts';

/** A hub whose frames are right by their form, and odd by their values. */

const dayMs = 24 * 3_600_000;

function begin(t: TestContext, random = 0.5): { device: Device; links: PlayedLinks; clock: ManualClock } {
  const links = new PlayedLinks();
  const clock = new ManualClock();
  const device = makeDevice({
    url: 'ws://hub/v1/device',
    id: 'd-1',
    secret: 's',
    type: 'env-sensor@1',
    clock,
    openLink: links.open,
    random: () => random,
  });
  t.after(() => device.close());
  device.wake();
  return { device, links, clock };
}

function welcome(links: PlayedLinks, more: object = {}): void {
  links.last?.opened();
  links.last?.say({ ...welcomeFrame(), ...more });
}

test('a nack with a bad hint is one: the ack behind it does not settle its reading as stored', async (t) => {
  for (const hint of [null, 'x', -1]) {
    const { device, links, clock } = begin(t);
    const settled = device.measure('env', { n: 1 });
    welcome(links);
    links.last?.say({ type: 'nack', seq: 1, code: 'busy', retry: true, retryAfterMs: hint });
    links.last?.say({ type: 'ack', upTo: 1 });
    assert.equal(device.counts().settled, 0);
    clock.advance(1_200);
    links.last?.say({ type: 'ack', upTo: 2 });
    assert.deepEqual(await settled, { kind: 'stored' });
  }
});

test('a nack holds the readings up for a day at most', (t) => {
  const { device, links, clock } = begin(t);
  void device.measure('env', { n: 1 });
  welcome(links, { heartbeatSec: 1e9 });
  links.last?.say({ type: 'nack', seq: 1, code: 'busy', retry: true, retryAfterMs: 1e300 });
  const sent = (): number => links.frames.filter(({ type }) => type === 'telemetry').length;
  clock.advance(dayMs);
  assert.equal(sent(), 1);
  clock.advance(dayMs / 5);
  assert.equal(sent(), 2);
});

test('a hub that takes frames of ten bytes loses no reading', async (t) => {
  const { device, links } = begin(t);
  const settled = [device.measure('env', { n: 1 }), device.measure('env', { n: 2 })];
  const { limits } = welcomeFrame() as { limits: object };
  welcome(links, { limits: { ...limits, frameBytes: 10 } });
  const { refused, lost, waiting } = device.counts();
  assert.deepEqual([refused, lost, waiting], [0, 0, 2]);
  links.last?.end();
  device.wake();
  welcome(links);
  links.last?.say({ type: 'ack', upTo: 1 });
  assert.deepEqual(
    (await Promise.all(settled)).map(({ kind }) => kind),
    ['stored', 'stored'],
  );
});

test('a hub that drains at once, again and again, is met with the backoff', (t) => {
  for (const reconnectAfterMs of [0, null]) {
    const { links, clock } = begin(t);
    for (let session = 1; session <= 5; session += 1) {
      assert.equal(links.all.length, session);
      welcome(links);
      links.last?.say({ type: 'drain', reconnectAfterMs, reason: 'restart' });
      links.last?.end({ kind: 'closed', code: 1012, reason: 'draining' });
      clock.advance(499);
      assert.equal(links.all.length, session, 'half a second of the first second');
      clock.advance(1);
    }
  }
});

test('a slot is kept to the millisecond, and no longer than a day', (t) => {
  for (const [given, kept] of [
    [5_000, 5_000],
    [1e300, dayMs],
  ] as const) {
    const { links, clock } = begin(t);
    welcome(links, { heartbeatSec: 1e9 });
    links.last?.say({ type: 'drain', reconnectAfterMs: given, reason: 'restart' });
    links.last?.end({ kind: 'closed', code: 1012, reason: 'draining' });
    clock.advance(kept - 1);
    assert.equal(links.all.length, 1);
    clock.advance(1);
    assert.equal(links.all.length, 2);
  }
});

test('a command that was refused for want of a place is refused again when it is repeated', (t) => {
  const { device, links } = begin(t);
  const runs: string[] = [];
  const ends: (() => void)[] = [];
  device.onCommand('go', ({ id }) => {
    runs.push(id);
    return new Promise((end) => ends.push(() => end({ status: 'succeeded' })));
  });
  welcome(links);
  const say = (id: string): void =>
    links.last?.say({
      type: 'command',
      id,
      name: 'go',
      params: {},
      deadline: 9e15,
      ttlMs: 1e6,
      safety: 'observe',
    });
  const rejections = (): number =>
    links.frames.filter(
      (frame) => frame.type === 'result' && frame.re === 'c-last' && frame.status === 'rejected',
    ).length;
  for (let n = 0; n < 256; n += 1) say(`c-${n}`);
  say('c-last');
  assert.equal(rejections(), 1);
  links.last?.say({ type: 'cancel', re: 'c-5' });
  links.last?.say({ type: 'ack', re: 'c-5' });
  say('c-last');
  assert.equal(rejections(), 2);
  say('c-new');
  assert.ok(
    links.frames.some((frame) => frame.type === 'received' && frame.re === 'c-new'),
    'there is a place',
  );
});
