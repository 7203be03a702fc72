import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { basic, openTls, request, upgradeText } from '../helpers/raw-http.ts';
import { openRaw, type RawDevice } from '../helpers/raw-device.ts';
import { startSecurityHub, type SecurityHub } from '../helpers/security-hub.ts';

/** Attacks on the door, before anybody is let in. `bystander` is a device that none of them may disturb. */

let hub: SecurityHub;
let bystander: RawDevice;

before(async () => {
  hub = await startSecurityHub(['good', 'bystander', 'victim'], {
    env: { HUB_TRUSTED_PROXIES: '127.0.0.1', HUB_MAX_PENDING_PER_ADDRESS: '20' },
  });
  const { deviceUrl: url, dataDir } = hub;
  bystander = await openRaw({ url, dataDir, id: 'bystander', secret: hub.secretOf('bystander') });
});

after(async () => {
  bystander?.close();
  await hub?.close();
});

let seq = 0;
/** It still has its session, and its readings are still stored. */
async function bystanderIsWell(): Promise<void> {
  seq += 1;
  const mine = seq;
  bystander.send({ type: 'telemetry', seq: mine, stream: 'env', ts: Date.now(), data: { temperature: 20 } });
  await bystander.next('ack', (frame) => 'upTo' in frame && frame.upTo >= mine);
}

/** Each case comes from an address of its own, as the proxy in front would say. */
let lastAddress = 0;
function from(): Record<string, string> {
  lastAddress += 1;
  return { 'X-Forwarded-For': `192.0.2.${lastAddress}` };
}

const good = () => ({ Authorization: basic('good', hub.secretOf('good')), ...from() });

interface Attack {
  name: string;
  status: number;
  text: () => string | Buffer;
}

const attacks: Attack[] = [
  { name: 'a wrong path', status: 404, text: () => upgradeText(good(), '/v1/devices') },
  { name: 'a path with dots', status: 404, text: () => upgradeText(good(), '/v1/../v1/device') },
  {
    name: 'credentials in the address',
    status: 400,
    text: () => upgradeText(from(), '/v1/device?secret=s3cret'),
  },
  {
    name: 'no upgrade',
    status: 426,
    text: () => upgradeText({ ...good(), Upgrade: undefined, Connection: 'close' }),
  },
  { name: 'another upgrade', status: 426, text: () => upgradeText({ ...good(), Upgrade: 'h2c' }) },
  { name: 'no key', status: 400, text: () => upgradeText({ ...good(), 'Sec-WebSocket-Key': undefined }) },
  { name: 'a short key', status: 400, text: () => upgradeText({ ...good(), 'Sec-WebSocket-Key': 'YQ==' }) },
  {
    name: 'no version',
    status: 426,
    text: () => upgradeText({ ...good(), 'Sec-WebSocket-Version': undefined }),
  },
  { name: 'version 8', status: 426, text: () => upgradeText({ ...good(), 'Sec-WebSocket-Version': '8' }) },
  {
    name: 'no subprotocol',
    status: 400,
    text: () => upgradeText({ ...good(), 'Sec-WebSocket-Protocol': undefined }),
  },
  { name: 'a web page', status: 403, text: () => upgradeText({ ...good(), Origin: 'https://evil.example' }) },
  { name: 'the null origin', status: 403, text: () => upgradeText({ ...good(), Origin: 'null' }) },
  { name: 'no credential', status: 401, text: () => upgradeText(from()) },
  {
    name: 'a wrong secret',
    status: 401,
    text: () => upgradeText({ Authorization: basic('good', 'no'), ...from() }),
  },
  {
    name: 'no header end within 8 KB',
    status: 431,
    text: () => upgradeText({ ...good(), Long: 'x'.repeat(9_000) }),
  },
  {
    name: '2,000 headers',
    status: 431,
    text: () =>
      upgradeText({
        ...good(),
        ...Object.fromEntries(Array.from({ length: 2_000 }, (_, n) => [`A${n}`, 'b'])),
      }),
  },
  {
    name: 'no HTTP at all',
    status: 400,
    text: () => Buffer.from([0x16, 0x03, 0x01, 0x00, 0xff, 0x00, 0x0d, 0x0a]),
  },
  {
    name: 'a header split by a bare line feed',
    status: 400,
    text: () => upgradeText({ ...good(), A: 'b\nX: y\u0000' }),
  },
  ...[
    'a+b',
    'a#',
    'a/b',
    '$SYS',
    '..',
    'a\0b',
    'a b',
    'gооd',
    'good\n',
    'GOOD',
    '__proto__',
    'constructor',
    '',
  ].map((id) => ({
    name: `the id ${JSON.stringify(id)}`,
    status: 401,
    text: () => upgradeText({ Authorization: basic(id, hub.secretOf('good')), ...from() }),
  })),
];

for (const { name, status, text } of attacks) {
  test(`${name} is refused with ${status}`, async () => {
    const answer = await request(hub, text());
    assert.equal(answer.status, status, answer.head);
    assert.ok(!answer.body.includes(hub.secretOf('good')), 'no secret comes back');
  });
}

test('the refusals are counted, and the good device still gets in', async () => {
  const statuses = ['400', '401', '403', '404', '426'];
  for (const status of statuses) {
    assert.ok((await hub.metric(`hub_upgrade_refusals_total{status="${status}"}`)) > 0, status);
  }
  assert.equal((await request(hub, upgradeText(good()))).status, 101);
  await bystanderIsWell();
});

test('frames sent with the upgrade request do not count before the welcome, and end nothing', async () => {
  // A masked text frame `{}` right behind the header (RFC 6455 §5.3).
  const frame = Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0x7b, 0x7d]);
  const answer = await request(hub, Buffer.concat([Buffer.from(upgradeText(good())), frame]));
  assert.equal(answer.status, 101);
  await bystanderIsWell();
});

test('an unknown id and a wrong secret get the same answer', async () => {
  const ask = (id: string) => request(hub, upgradeText({ Authorization: basic(id, 'guess'), ...from() }));
  const [unknown, wrong] = [await ask('nobody'), await ask('good')];
  assert.equal(unknown.status, 401);
  assert.equal(unknown.head, wrong.head);
  assert.equal(unknown.body, wrong.body);
});

test('guessing from one address is slowed down to 429 with Retry-After, and recorded', async () => {
  const address = { 'X-Forwarded-For': '198.51.100.1' };
  const statuses: number[] = [];
  for (let n = 0; n < 14; n += 1) {
    const answer = await request(hub, upgradeText({ Authorization: basic(`guess-${n}`, 'x'), ...address }));
    statuses.push(answer.status);
    if (answer.status === 429) assert.match(answer.head, /Retry-After: [1-9]/i);
  }
  assert.deepEqual(
    statuses.slice(0, 10),
    Array.from({ length: 10 }, () => 401),
  );
  assert.ok(statuses.slice(10).includes(429), statuses.join());
  const entries = await hub.audit();
  assert.ok(entries.some(({ actor, outcome }) => actor === 'address:198.51.100.1' && outcome === 'refused'));
});

test('guessing at one id from many addresses is slowed down, and the device itself is not', async () => {
  const address = (n: number) => ({ 'X-Forwarded-For': `203.0.113.${n}` });
  const own = { Authorization: basic('victim', hub.secretOf('victim')), ...address(200) };
  assert.equal((await request(hub, upgradeText(own))).status, 101);
  let throttled = 0;
  for (let n = 1; n <= 16; n += 1) {
    const answer = await request(
      hub,
      upgradeText({ Authorization: basic('victim', `guess-${n}`), ...address(n) }),
    );
    if (answer.status === 429) throttled += 1;
  }
  assert.ok(throttled > 0);
  assert.equal((await request(hub, upgradeText(own))).status, 101, 'from where it last was, it gets in');
});

test('slow headers and idle sockets are cut within the time of a handshake', async (t) => {
  const sockets = await Promise.all([openTls(hub), openTls(hub)]);
  const [slow] = sockets;
  const began = performance.now();
  slow?.write('GET /v1/device HTTP/1.1\r\n');
  // The hub may cut the socket between two drops: the error that the next one meets is part of being cut.
  for (const socket of sockets) socket.on('error', () => undefined);
  // What is not read keeps a socket from closing.
  for (const socket of sockets) socket.resume();
  const drip = setInterval(() => slow?.write('X-A: b\r\n'), 500);
  t.after(() => clearInterval(drip));
  await Promise.all(sockets.map((socket) => once(socket, 'close')));
  const tookMs = performance.now() - began;
  assert.ok(tookMs < 15_000, `${tookMs} ms`);
  await bystanderIsWell();
});
