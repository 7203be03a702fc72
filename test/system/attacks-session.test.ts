import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import type { HubFrame } from '../../schemas/index.ts';
import { connectRaw, openRaw, type RawDevice } from '../helpers/raw-device.ts';
import { startSecurityHub, type SecurityHub } from '../helpers/security-hub.ts';

/** Attacks of a device that is let in: on the hub, and on the others. */

let hub: SecurityHub;
let bystander: RawDevice;

before(async () => {
  hub = await startSecurityHub(['mallory', 'bystander', 'other']);
  bystander = await openRaw(options('bystander'));
});

after(async () => {
  bystander?.close();
  await hub?.close();
});

function options(id: string) {
  return { url: hub.deviceUrl, dataDir: hub.dataDir, id, secret: hub.secretOf(id) };
}

let seq = 0;
async function bystanderIsWell(): Promise<void> {
  seq += 1;
  const mine = seq;
  bystander.send({ type: 'telemetry', seq: mine, stream: 'env', ts: Date.now(), data: { temperature: 20 } });
  await bystander.next('ack', (frame) => 'upTo' in frame && frame.upTo >= mine);
}

const reading = (data: string, ts: number | string = Date.now()): string =>
  `{"type":"telemetry","seq":1,"stream":"env","ts":${ts},"data":${data}}`;

/** A frame that is refused with a nack, and ends nothing. */
interface Refused {
  name: string;
  text: string;
  code: string;
  path?: string;
}

const deep = `${'['.repeat(30_000)}${']'.repeat(30_000)}`;
const manyKeys = `{${Array.from({ length: 4_000 }, (_, n) => `"k${n}":1`).join(',')}}`;
const filled = (bytes: number): string => {
  const text = reading('{"temperature":1,"pad":""}');
  return text.replace('"pad":""', `"pad":"${'x'.repeat(bytes - text.length)}"`);
};

const refusals: Refused[] = [
  { name: '65,536 bytes are read, and judged', text: filled(65_536), code: 'schema' },
  { name: '30,000 levels', text: reading(deep), code: 'schema' },
  { name: 'thousands of keys', text: reading(manyKeys), code: 'schema' },
  { name: '__proto__', text: reading('{"temperature":1,"__proto__":{"x":1}}'), code: 'schema' },
  { name: 'constructor', text: reading('{"temperature":1,"constructor":1}'), code: 'schema' },
  { name: '1e999', text: reading('{"temperature":1e999}'), code: 'schema' },
  {
    name: '2^53 + 1 as an integer',
    text: reading('{"temperature":1,"rssi":9007199254740993}'),
    code: 'schema',
  },
  { name: 'a number as text', text: reading('{"temperature":"1"}'), code: 'schema' },
  { name: 'a BOM', text: `\uFEFF${reading('{"temperature":1}')}`, code: 'schema' },
  { name: 'no JSON', text: '{"type":', code: 'schema' },
  { name: 'a list', text: '[]', code: 'schema' },
  { name: 'the time 0', text: reading('{"temperature":1}', 0), code: 'clock' },
  { name: 'the time −1', text: reading('{"temperature":1}', -1), code: 'schema' },
  { name: 'the year 9999', text: reading('{"temperature":1}', 253_370_764_800_000), code: 'clock' },
  { name: 'an unknown stream', text: reading('{}').replace('"env"', '"nothing"'), code: 'unknown-stream' },
  {
    name: 'a stream named __proto__',
    text: reading('{}').replace('"env"', '"__proto__"'),
    code: 'unknown-stream',
  },
  {
    name: 'a stream with line protocol in it',
    text: reading('{}').replace('"env"', '"a,b=c d=1"'),
    code: 'unknown-stream',
  },
  { name: 'an unknown type', text: '{"type":"admin","seq":1}', code: 'unsupported' },
  { name: 'a type named constructor', text: '{"type":"constructor"}', code: 'unsupported' },
  {
    name: 'a batch of 100,000',
    text: `{"type":"telemetry","seq":1,"stream":"env","samples":[${'1,'.repeat(30_000)}1]}`,
    code: 'rate',
  },
  {
    name: "the result of another device's command",
    text: '{"type":"result","re":"not-mine","status":"succeeded"}',
    code: 'unknown-command',
  },
];

for (const { name, text, code } of refusals) {
  test(`${name}: a nack ${code}, and the session goes on`, async () => {
    const device = await openRaw(options('mallory'));
    device.sendText(text);
    const nack = await device.next('nack');
    assert.equal(nack.code, code, JSON.stringify(nack));
    device.send({ type: 'heartbeat', t1: 2_000 });
    await device.next('heartbeat');
    device.close();
  });
}

test('what is odd and allowed is stored: −0, duplicate keys, a lone surrogate in an unknown envelope field', async () => {
  const device = await openRaw(options('mallory'));
  const ts = Date.now();
  device.sendText(reading('{"temperature":-0}', ts));
  device.sendText(reading('{"temperature":1,"temperature":2}', ts + 1).replace('"seq":1', '"seq":2'));
  device.sendText(reading('{"temperature":3}', ts + 2).replace('"seq":1', '"seq":3,"x":"\\ud800"'));
  await device.next('ack', (frame) => 'upTo' in frame && frame.upTo === 3);
  assert.deepEqual(
    device.frames.filter(({ type }) => type === 'nack'),
    [],
  );
  device.close();
});

interface Closed {
  name: string;
  code: number;
  attack: (device: RawDevice) => void;
}

/** The socket below, for frames that no WebSocket library would send. */
function rawSocket(device: RawDevice) {
  const { _socket: socket } = device.ws as unknown as { _socket: NodeJS.WritableStream };
  return socket;
}

const frame = (first: number, payload: Buffer = Buffer.alloc(0)): Buffer =>
  Buffer.concat([Buffer.from([first, 0x80 | payload.length, 0, 0, 0, 0]), payload]);

const closes: Closed[] = [
  { name: '65,537 bytes', code: 1009, attack: (device) => device.sendText(filled(65_537)) },
  { name: 'a binary frame', code: 1003, attack: (device) => device.ws.send(Buffer.from([1])) },
  {
    name: 'invalid UTF-8',
    code: 1007,
    attack: (device) => rawSocket(device).write(frame(0x81, Buffer.from([0xc3, 0x28]))),
  },
  { name: 'a reserved opcode', code: 1002, attack: (device) => rawSocket(device).write(frame(0x83)) },
  {
    name: 'an unmasked frame',
    code: 1002,
    attack: (device) => rawSocket(device).write(Buffer.from([0x81, 0x00])),
  },
  {
    name: 'a thousand tiny fragments',
    code: 1008,
    attack: (device) => {
      rawSocket(device).write(frame(0x01, Buffer.from('{')));
      for (let n = 0; n < 1_000; n += 1) rawSocket(device).write(frame(0x00, Buffer.from(' ')));
    },
  },
  {
    name: 'ten undecodable frames in a row',
    code: 4400,
    attack: (device) => {
      for (let n = 0; n < 10; n += 1) device.sendText('nonsense');
    },
  },
];

for (const { name, code, attack } of closes) {
  test(`${name} ends the session with ${code}`, async () => {
    const device = await openRaw(options('mallory'));
    attack(device);
    assert.equal((await device.closed).code, code);
    await bystanderIsWell();
  });
}

test('a frame that comes one byte at a time is taken', async () => {
  const device = await connectRaw(options('mallory'));
  const hello = JSON.stringify({ type: 'hello', boot: 'b', deviceType: 'env-sensor@1', t1: 1 });
  const bytes = frame(0x81, Buffer.from(hello.slice(0, 100)));
  for (const byte of bytes) {
    rawSocket(device).write(Buffer.from([byte]));
    await new Promise((resolve) => setImmediate(resolve));
  }
  await device.next('welcome');
  device.close();
});

test('a duplicate login takes over, and a ping flood from a device that never reads hurts nobody', async () => {
  const first = await openRaw(options('mallory'));
  const second = await openRaw(options('mallory'));
  assert.equal((await first.closed).code, 4409);
  second.ws.pause();
  for (let n = 0; n < 20_000; n += 1) second.ws.ping();
  await bystanderIsWell();
  second.close();
});

test('rapid reconnects hurt nobody', async () => {
  for (let n = 0; n < 30; n += 1) {
    const device = await connectRaw(options('mallory'));
    device.close();
    await once(device.ws, 'close');
  }
  await bystanderIsWell();
});

test('a disabled device is out within a second, stays out over a restart, and comes back when enabled', async () => {
  const device = await openRaw(options('other'));
  const began = performance.now();
  const disabled = hub.run('device', 'disable', 'other');
  assert.equal((await device.closed).code, 4403);
  await disabled;
  assert.ok(performance.now() - began < 5_000, 'the command line included');
  await assert.rejects(connectRaw(options('other')), /403/);
  await hub.run('device', 'enable', 'other');
  (await openRaw(options('other'))).close();
  const entries = await hub.audit();
  const actions = entries.filter(({ subject }) => subject === 'other').map(({ action }) => action);
  assert.ok(actions.includes('device.disable') && actions.includes('device.enable'), actions.join());
});

test('a revoked secret ends its session, and a second one goes on; what has expired ends with 4401', async () => {
  const added = JSON.parse(await hub.run('device', 'credential', 'add', 'other', '--json')) as {
    id: string;
    secret: string;
  };
  const device = await openRaw({ ...options('other'), secret: added.secret });
  await hub.run('device', 'credential', 'revoke', 'other', added.id);
  assert.equal((await device.closed).code, 4403);
  await assert.rejects(connectRaw({ ...options('other'), secret: added.secret }), /401/);
  const until = new Date(Date.now() + 4_000).toISOString();
  const brief = JSON.parse(
    await hub.run('device', 'credential', 'add', 'other', '--until', until, '--json'),
  ) as { secret: string };
  const expiring = await openRaw({ ...options('other'), secret: brief.secret });
  assert.equal((await expiring.closed).code, 4401);
  (await openRaw(options('other'))).close();
});

test('after a rotation the old secret is refused, and the new one was never in the log', async () => {
  const device = await openRaw(options('other'));
  await hub.run('device', 'rotate', 'other');
  const offered: Extract<HubFrame, { type: 'credential' }> = await device.next('credential');
  const renewed = await openRaw({ ...options('other'), secret: offered.secret });
  await assert.rejects(connectRaw(options('other')), /401/);
  renewed.close();
  device.close();
  const secrets = [offered.secret, hub.secretOf('other'), hub.secretOf('mallory')];
  for (const line of hub.lines) {
    const text = JSON.stringify(line);
    for (const secret of secrets) assert.ok(!text.includes(secret), text);
  }
  const metrics = await (await fetch(`${hub.adminUrl}/metrics`)).text();
  for (const secret of secrets) assert.ok(!metrics.includes(secret));
  await bystanderIsWell();
});
