import assert from 'node:assert/strict';
import { test } from 'node:test';
import { writeCbor } from '../../../schemas/cbor/cbor-writer.ts';
import { Device, type ShortLayout } from '../../../sdk/typescript/src/node.ts';
import { ManualClock } from '../../helpers/clock.ts';
import { PlayedLinks, welcomeFrame } from '../../helpers/sdk/played-link.ts';

/** The SDK with the option `cbor`, against a hub that the test plays. */

const layout: ShortLayout = {
  fingerprint: '2-0123456789abcdef',
  streams: [
    {
      name: 'env',
      fields: [
        { name: 'temperature', unit: 1, scale: 100 },
        { name: 'mode', unit: 1, scale: 1, values: ['on', 'off'] },
      ],
    },
  ],
};

function begin(cbor: boolean | ShortLayout) {
  const clock = new ManualClock();
  const links = new PlayedLinks();
  const settings = { url: 'wss://hub:8443/v1/device', id: 'd-1', secret: 's', type: 'env-sensor@1' };
  const device = new Device({ ...settings, cbor, openLink: links.open, clock, random: () => 0 });
  const troubles: string[] = [];
  device.on('trouble', (what) => troubles.push(what));
  device.wake();
  const connect = (): void => {
    links.last?.opened();
    links.last?.say(welcomeFrame());
  };
  return { clock, device, links, troubles, connect };
}

const hex = (message: unknown): string => Buffer.from(message as Uint8Array).toString('hex');

test('with a layout, readings go in their short form, and everything else with its names', () => {
  const { device, links, connect } = begin(layout);
  void device.measure('env', { temperature: 21.57, mode: 'off' }, { ts: 1_000 });
  void device.report('leak', 'warning', { zone: 1 }, { ts: 2_000 });
  assert.equal(links.last?.address.subprotocol, 'hub.v1.cbor');
  connect();
  const [hello, reading, event] = links.last?.frames ?? [];
  assert.equal(hello?.type === 'hello' && hello.layout, layout.fingerprint);
  assert.deepEqual(reading, [1, 1, 0, 1_000, [2157, 1]]);
  assert.equal(event?.type, 'event');
  // A stream of which the layout knows nothing goes with its names.
  void device.measure('other', { a: 1 }, { ts: 3_000 });
  assert.equal(links.last?.frames.at(-1)?.type, 'telemetry');
});

test('the short ack and frames with names are taken; bytes that are no frame are ignored and shown', async () => {
  const { device, links, connect } = begin(layout);
  const ignored: string[] = [];
  device.on('ignored', (what) => ignored.push(what));
  const settled = device.measure('env', { temperature: 20 });
  connect();
  links.last?.say([9, 1]);
  links.last?.say('{"type":"ack","upTo":1}');
  links.last?.say([2, 1]);
  assert.deepEqual(await settled, { kind: 'stored' });
  assert.deepEqual(ignored, ['82 09 01', '{"type":"ack","upTo":1}']);
});

test('a hub with another order of fields gets the same readings with their names, at once', async () => {
  const { clock, device, links, troubles } = begin(layout);
  const settled = device.measure('env', { temperature: 20 }, { ts: 1_000 });
  links.last?.opened();
  const errors = [{ path: '/layout', keyword: 'enum', expected: '2-fed', got: '2-012', in: 'frame' }];
  links.last?.say({ type: 'nack', code: 'unsupported', retry: false, errors });
  clock.advance(1_000);
  assert.equal(links.all.length, 2, 'it does not wait as after other refusals');
  assert.equal(troubles.length, 1);
  assert.match(troubles[0] ?? '', /another order of fields/);
  links.last?.opened();
  links.last?.say(welcomeFrame());
  const [hello, reading] = links.last?.frames ?? [];
  assert.equal(hello?.type === 'hello' && hello.layout, undefined);
  assert.deepEqual(reading, {
    type: 'telemetry',
    seq: 1,
    stream: 'env',
    ts: 1_000,
    data: { temperature: 20 },
  });
  links.last?.say([2, 1]);
  assert.deepEqual(await settled, { kind: 'stored' });
});

test('with JSON nothing binary is taken, and nothing is sent', () => {
  const { device, links, connect } = begin(false);
  const ignored: string[] = [];
  device.on('ignored', (what) => ignored.push(what));
  assert.equal(links.last?.address.subprotocol, 'hub.v1.json');
  connect();
  assert.equal(typeof links.last?.sent[0], 'string');
  links.last?.sayBytes(writeCbor({ type: 'ack', upTo: 1 }));
  assert.equal(ignored.length, 1);
});

test('a text that UTF-8 cannot spell is lost and counted, not changed', async () => {
  const { device, connect } = begin(true);
  const settled = device.measure('env', { note: 'half a pair: \ud83d' });
  connect();
  assert.deepEqual(await settled, { kind: 'dropped', cause: 'unwritable' });
  assert.equal(device.counts().lost, 1);
});

test('a batch of numbers that are longer in CBOR than in JSON still fits into frames', () => {
  const { clock, device, links, connect } = begin(true);
  for (let at = 0; at < 500; at += 1)
    void device.measure('env', Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`f${n}`, n / 10])), {
      ts: at,
    });
  connect();
  for (let round = 0; round < 20; round += 1) {
    links.last?.say([2, links.last.sent.length - 1]);
    clock.advance(1_000);
  }
  const sizes = links.last?.sent.map((message) => hex(message).length / 2) ?? [];
  assert.ok(sizes.length > 2 && Math.max(...sizes) <= 65_536, sizes.join(' '));
  assert.equal(device.counts().waiting, 0);
});
