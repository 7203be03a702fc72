import assert from 'node:assert/strict';
import { once } from 'node:events';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { openAttackRange, type AttackRange } from '../../helpers/drills/attack-range.ts';
import { temporaryFolder, type TemporaryFolder } from '../../helpers/services/guard.ts';
import { connectRaw, openRaw, type RawDevice } from '../../helpers/devices/raw-device.ts';
import type { SecurityHub } from '../../helpers/hubs/security-hub.ts';

/** Attacks of a device that is let in: on the hub, and on the others. */

let range: AttackRange;
let hub: SecurityHub;
let schemas: TemporaryFolder;

before(async () => {
  schemas = temporaryFolder('attack-schemas');
  cpSync('schemas/device-types', schemas.path, { recursive: true });
  range = await openAttackRange(['mallory', 'deaf', 'liar', 'hasty', 'other'], {
    env: { HUB_SCHEMAS_DIR: schemas.path, HUB_ACCEPT_PER_SEC: '2000' },
  });
  ({ hub } = range);
});

after(async () => {
  await range?.close();
  schemas?.remove();
});

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
/** Of this many numbered keys, as text. */
const keys = (count: number): string =>
  reading(`{${Array.from({ length: count }, (_, n) => `"${n.toString(36)}":1`).join(',')}}`);
/** Of this many samples, the shortest there are. */
const batch = (count: number): string =>
  `{"type":"telemetry","seq":1,"stream":"env","samples":[${'1,'.repeat(count - 1)}1]}`;
/** The most of something that a frame has room for. */
function largest(make: (count: number) => string): string {
  let [fits, tooMany] = [1, 100_000];
  while (tooMany - fits > 1) {
    const middle = (fits + tooMany) >> 1;
    if (make(middle).length <= 65_536) fits = middle;
    else tooMany = middle;
  }
  return make(fits);
}
const filled = (bytes: number): string => {
  const text = reading('{"temperature":1,"pad":""}');
  return text.replace('"pad":""', `"pad":"${'x'.repeat(bytes - text.length)}"`);
};

const refusals: Refused[] = [
  { name: '65,536 bytes are read, and judged', text: filled(65_536), code: 'schema' },
  { name: '30,000 levels', text: reading(deep), code: 'schema' },
  { name: 'as many keys as a frame has room for', text: largest(keys), code: 'schema' },
  { name: 'as many samples as a frame has room for', text: largest(batch), code: 'schema' },
  { name: '__proto__', text: reading('{"temperature":1,"__proto__":{"x":1}}'), code: 'schema' },
  { name: 'constructor', text: reading('{"temperature":1,"constructor":1}'), code: 'schema' },
  { name: '1e999', text: reading('{"temperature":1e999}'), code: 'schema' },
  {
    name: '2^53 + 1 as an integer',
    text: reading('{"temperature":1,"rssi":9007199254740993}'),
    code: 'schema',
  },
  { name: 'a number as text', text: reading('{"temperature":"1"}'), code: 'schema' },
  { name: 'a name that stands twice', text: reading('{"temperature":1,"temperature":2}'), code: 'schema' },
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
    name: "the result of another device's command",
    text: '{"type":"result","re":"not-mine","status":"succeeded"}',
    code: 'unknown-command',
  },
];

/** Far more than judging any frame takes, and far less than what an attacker would want of one. */
const quicklyMs = 500;

for (const { name, text, code } of refusals) {
  test(`${name}: a nack ${code}, and the session goes on`, async () => {
    const device = await openRaw(hub.as('mallory'));
    const nack = await range.attack({ counter: `hub_nacks_total{code="${code}"}` }, async () => {
      const began = performance.now();
      device.sendText(text);
      const answer = await device.next('nack');
      assert.ok(performance.now() - began < quicklyMs, `${performance.now() - began} ms`);
      return answer;
    });
    assert.deepEqual([nack.code, nack.retry], [code, false], JSON.stringify(nack));
    device.send({ type: 'heartbeat', t1: 2_000 });
    await device.next('heartbeat');
    device.close();
  });
}

for (const { name, changes } of [
  { name: 'a lone surrogate in its boot', changes: { boot: 'b-\ud800' } },
  { name: 'a line feed in its firmware', changes: { firmware: 'v1\n{"level":60}' } },
  { name: 'an uptime of 1e999', changes: { t1: 'INFINITE' } },
]) {
  test(`a hello with ${name} is refused, and opens nothing`, async () => {
    const device = await connectRaw(hub.as('mallory'));
    const hello = { type: 'hello', boot: 'b-1', deviceType: 'env-sensor@1', t1: 1, ...changes };
    await range.attack({ counter: 'hub_nacks_total{code="schema"}' }, async () => {
      device.sendText(JSON.stringify(hello).replace('"INFINITE"', '1e999'));
      assert.equal((await device.next('nack')).code, 'schema');
    });
    device.send({ ...hello, boot: 'b-1', firmware: 'v1', t1: 1 });
    await device.next('welcome');
    device.close();
  });
}

test('what is odd and allowed is stored: −0, a byte order mark (RFC 8259 §8.1)', async () => {
  const device = await openRaw(hub.as('mallory'));
  const ts = Date.now();
  device.sendText(reading('{"temperature":-0}', ts));
  device.sendText(`\uFEFF${reading('{"temperature":1}', ts + 1).replace('"seq":1', '"seq":2')}`);
  await device.next('ack', (frame) => 'upTo' in frame && frame.upTo === 2);
  assert.deepEqual(
    device.frames.filter(({ type }) => type === 'nack'),
    [],
  );
  device.close();
});

interface Closed {
  name: string;
  code: number;
  /** As `/metrics` calls it. */
  reason: string;
  attack: (device: RawDevice) => void;
}

/** The socket below, for frames that no WebSocket library would send. */
function rawSocket(device: RawDevice) {
  const { _socket: socket } = device.ws as unknown as { _socket: NodeJS.WritableStream };
  return socket;
}

const maskedFrame = (first: number, payload: Buffer = Buffer.alloc(0)): Buffer =>
  Buffer.concat([Buffer.from([first, 0x80 | payload.length, 0, 0, 0, 0]), payload]);

const closes: Closed[] = [
  {
    name: '65,537 bytes',
    code: 1009,
    reason: 'frame-too-big',
    attack: (device) => device.sendText(filled(65_537)),
  },
  {
    name: '100,000 keys',
    code: 1009,
    reason: 'frame-too-big',
    attack: (device) => device.sendText(keys(100_000)),
  },
  {
    name: 'a batch of 100,000',
    code: 1009,
    reason: 'frame-too-big',
    attack: (device) => device.sendText(batch(100_000)),
  },
  {
    name: 'a binary frame',
    code: 1003,
    reason: 'binary-frame',
    attack: (device) => device.ws.send(Buffer.from([1])),
  },
  {
    name: 'invalid UTF-8',
    code: 1007,
    reason: 'bad-utf8',
    attack: (device) => rawSocket(device).write(maskedFrame(0x81, Buffer.from([0xc3, 0x28]))),
  },
  {
    name: 'a reserved opcode',
    code: 1002,
    reason: 'protocol-error',
    attack: (device) => rawSocket(device).write(maskedFrame(0x83)),
  },
  {
    name: 'an unmasked frame',
    code: 1002,
    reason: 'protocol-error',
    attack: (device) => rawSocket(device).write(Buffer.from([0x81, 0x00])),
  },
  {
    name: 'a thousand tiny fragments',
    code: 1008,
    reason: 'too-many-fragments',
    attack: (device) => {
      rawSocket(device).write(maskedFrame(0x01, Buffer.from('{')));
      for (let n = 0; n < 1_000; n += 1) rawSocket(device).write(maskedFrame(0x00, Buffer.from(' ')));
    },
  },
  {
    name: 'ten undecodable frames in a row',
    code: 4400,
    reason: 'undecodable',
    attack: (device) => {
      for (let n = 0; n < 10; n += 1) device.sendText('nonsense');
    },
  },
];

for (const { name, code, reason, attack } of closes) {
  test(`${name} ends the session with ${code}`, async () => {
    const device = await openRaw(hub.as('mallory'));
    await range.attack({ counter: `hub_session_closes_total{reason="${reason}"}` }, async () => {
      attack(device);
      assert.equal((await device.closed).code, code);
    });
  });
}

test('a frame that comes one byte at a time is taken', async () => {
  const device = await connectRaw(hub.as('mallory'));
  const hello = JSON.stringify({ type: 'hello', boot: 'b', deviceType: 'env-sensor@1', t1: 1 });
  const bytes = maskedFrame(0x81, Buffer.from(hello.slice(0, 100)));
  for (const byte of bytes) {
    rawSocket(device).write(Buffer.from([byte]));
    await new Promise((resolve) => setImmediate(resolve));
  }
  await device.next('welcome');
  device.close();
});

test('a duplicate login takes over, and a ping flood from a device that never reads hurts nobody', async () => {
  const first = await openRaw(hub.as('mallory'));
  const second = await range.attack({ counter: 'hub_session_closes_total{reason="replaced"}' }, () =>
    openRaw(hub.as('mallory')),
  );
  assert.equal((await first.closed).code, 4409);
  await range.attack({}, async () => {
    second.ws.pause();
    for (let n = 0; n < 20_000; n += 1) second.ws.ping();
  });
  second.close();
});

test('a device that never reads its answers is closed for what it sends, and hurts nobody', async () => {
  const device = await openRaw(hub.as('deaf'));
  device.ws.pause();
  // As many answers as the rate allows fit the buffers of both ends (tcp(7)): nothing waits for it in the hub.
  await range.attack({ counter: 'hub_session_closes_total{reason="rate-abuse"}' }, async () => {
    for (let n = 0; n < 60_000; n += 1) device.sendText('{"type":"nothing","re":"c-1"}');
  });
  device.close();
});

test("a device that answers another's command is told that there is none, and the answer does not count", async () => {
  const owner = await openRaw(hub.as('other'));
  const mallory = await openRaw(hub.as('liar'));
  interface Status {
    status: string;
    final: boolean;
  }
  const status = (): Promise<Status> => hub.ask('GET', '/devices/other/commands/of-other');
  await hub.ask('POST', '/devices/other/commands/set-interval', { id: 'of-other', params: { seconds: 5 } });
  await owner.next('command', ({ id }) => id === 'of-other');
  await range.attack({ counter: 'hub_nacks_total{code="unknown-command"}' }, async () => {
    for (const answer of [
      { type: 'received', re: 'of-other' },
      { type: 'progress', re: 'of-other', percent: 99 },
      { type: 'result', re: 'of-other', status: 'failed' },
    ]) {
      mallory.send(answer);
    }
    await mallory.next('nack', ({ code, re }) => code === 'unknown-command' && re === 'of-other');
  });
  assert.equal((await status()).status, 'sent');
  owner.send({ type: 'result', re: 'of-other', status: 'succeeded' });
  await owner.next('ack', (frame) => 're' in frame && frame.re === 'of-other');
  assert.deepEqual([(await status()).status, (await status()).final], ['succeeded', true]);
  owner.close();
  mallory.close();
});

test('rapid reconnects hurt nobody', async () => {
  await range.attack({ counter: 'hub_upgrades_total' }, async () => {
    for (let n = 0; n < 30; n += 1) {
      const device = await connectRaw(hub.as('hasty'));
      device.close();
      await once(device.ws, 'close');
    }
  });
});

test('a device type with a regular expression in it is refused, and the one there was goes on', async () => {
  const file = join(schemas.path, 'env-sensor@1.json');
  const good = readFileSync(file, 'utf8');
  const definition = JSON.parse(good) as { streams: { env: { properties: Record<string, object> } } };
  const { properties } = definition.streams.env;
  const bombs = ['^(a+)+$', '^(\\w+\\s?)*$', '(x+x+)+y'];
  for (const [n, pattern] of bombs.entries()) {
    properties[`bomb_${n}`] = { type: 'string', maxLength: 64, pattern };
    writeFileSync(file, JSON.stringify(definition));
    // `warn` or worse, naming the place.
    await range.attack({}, () =>
      hub.waitForLog('the change is refused', (line) => {
        const text = JSON.stringify(line);
        return Number(line['level']) >= 40 && text.includes(`bomb_${n}`) && text.includes('pattern');
      }),
    );
    delete properties[`bomb_${n}`];
  }
  writeFileSync(file, good);
});
