import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DiscoveryPublisher } from '../../../hub/home-assistant/discovery-publisher.ts';
import { ManualClock } from '../../helpers/clock.ts';
import { silentLog } from '../../helpers/silent-log.ts';

interface Setting {
  isKept?: boolean;
  several?: boolean;
  refuse?: boolean;
}

function newPublisher({ isKept = true, several = false, refuse = false }: Setting = {}) {
  const clock = new ManualClock();
  const contents = new Map([['d-1', 'one']]);
  const sent: string[] = [];
  const state = { refuse };
  const publisher = new DiscoveryPublisher({
    publisher: {
      publish({ topic, payload }) {
        if (state.refuse) return Promise.reject(new Error('away'));
        sent.push(`${topic} ${payload}`);
        return Promise.resolve();
      },
    },
    clock,
    log: silentLog,
    prefix: 'ha',
    devices: () => contents.keys(),
    content: (device, part) => (part === 'config' ? (contents.get(device) ?? '') : ''),
    isOurs: (_device, content) => content.startsWith('ours'),
    isKept,
    several,
  });
  return { clock, contents, sent, state, publisher, tap: publisher.tap };
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('what the broker holds already is not published again, and what differs is', async () => {
  const { clock, contents, sent, publisher, tap } = newPublisher();
  contents.set('d-2', 'two');
  publisher.connected();
  tap.take('ha/device/d-1/config', 'one');
  clock.advance(900);
  tap.take('ha/device/d-2/config', 'as it was');
  clock.advance(900);
  assert.deepEqual(sent, [], 'the broker may still be sending');
  clock.advance(200);
  await settled();
  assert.deepEqual(sent, ['ha/device/d-2/config two']);
  assert.equal(publisher.counters.published, 1);
});

test('what the broker sends before the hub counts as connected is known too, and nothing that was before it was lost', async () => {
  const { clock, sent, publisher, tap } = newPublisher();
  tap.take('ha/device/d-1/config', 'one');
  publisher.connected();
  clock.advance(1_000);
  await settled();
  assert.deepEqual(sent, []);
  publisher.disconnected();
  publisher.connected();
  clock.advance(1_000);
  await settled();
  assert.deepEqual(sent, ['ha/device/d-1/config one'], 'the broker came back without it');
});

test('what is left over of a device that went meanwhile is cleared, and what is foreign stays', async () => {
  const { clock, sent, publisher, tap } = newPublisher();
  publisher.connected();
  tap.take('ha/device/d-1/config', 'one');
  tap.take('ha/device/gone/config', 'ours, of before');
  tap.take('ha/device/gone/firmware', '{}');
  tap.take('ha/device/lamp/config', 'of somebody else');
  assert.equal(tap.takes('ha/device/lamp/state'), false);
  clock.advance(1_000);
  await settled();
  assert.deepEqual(sent, ['ha/device/gone/config ', 'ha/device/gone/firmware ']);
});

test('one of several hubs clears nothing that it does not know: another may have registered it', async () => {
  const { clock, sent, publisher, tap } = newPublisher({ several: true });
  publisher.connected();
  tap.take('ha/device/d-1/config', 'one');
  tap.take('ha/device/new/config', 'ours');
  clock.advance(1_000);
  await settled();
  assert.deepEqual(sent, []);
});

test('a removed device is cleared once, and a broker that keeps nothing gets everything at each connect', async () => {
  const { contents, sent, publisher } = newPublisher({ isKept: false });
  publisher.connected();
  await settled();
  contents.delete('d-1');
  publisher.removed('d-1');
  publisher.removed('d-1');
  await settled();
  assert.deepEqual(sent, ['ha/device/d-1/config one', 'ha/device/d-1/config ']);
  contents.set('d-1', 'one');
  publisher.connected();
  await settled();
  assert.equal(sent.length, 3);
});

test('what the bus does not take is counted, and published when it is back', async () => {
  const { sent, state, publisher } = newPublisher({ isKept: false, refuse: true });
  publisher.connected();
  await settled();
  assert.deepEqual([sent.length, publisher.counters.failed], [0, 1]);
  state.refuse = false;
  publisher.connected();
  await settled();
  assert.deepEqual(sent, ['ha/device/d-1/config one']);
});

test('messages of a large fleet are made a hundred at a time', async () => {
  const { clock, contents, sent, publisher } = newPublisher({ isKept: false });
  for (let at = 0; at < 500; at += 1) contents.set(`e-${at}`, 'text');
  publisher.connected();
  assert.ok(sent.length <= 100, String(sent.length));
  while (sent.length < 501) {
    const { length } = sent;
    await settled();
    clock.advance(1);
    await settled();
    assert.ok(sent.length > length, 'it goes on');
  }
});
