import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { connect, type Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { openAttackRange, type AttackRange, type Traces } from '../../helpers/drills/attack-range.ts';
import { pageCredential } from '../../helpers/devices/client-requests.ts';
import { answerOf, basic, openTls, request, upgradeText } from '../../helpers/devices/raw-http.ts';
import type { SecurityHub } from '../../helpers/hubs/security-hub.ts';
import { assertSameCost } from '../../helpers/timing.ts';

/** Attacks on the upgrade, before anybody is let in. */

/** For the times of many refusals: each id, known or not, is guessed at only as often as it is not slowed down. */
const manyIds = Array.from({ length: 40 }, (_, n) => String(n));
const guessesOfId = 5;

let range: AttackRange;
let hub: SecurityHub;
/** Sockets that dally from the beginning on; when each was cut, ms. */
let dallying: Promise<number>[];

before(async () => {
  range = await openAttackRange(['good', 'victim', 'other', ...manyIds.map((n) => `known-${n}`)], {
    env: { HUB_TRUSTED_PROXIES: '127.0.0.1', HUB_MAX_PENDING_PER_ADDRESS: '20' },
  });
  ({ hub } = range);
  dallying = [
    cutAfter(await openTls(hub)),
    cutAfter(dripping(await openTls(hub))),
    cutAfter(await slowEnrolment()),
    cutAfter(halfHello()),
  ];
});

after(() => range?.close());

async function cutAfter(socket: Socket): Promise<number> {
  const began = performance.now();
  socket.resume();
  await once(socket, 'close');
  return performance.now() - began;
}

/** A header line now and then, and never the end. */
function dripping(socket: TLSSocket): TLSSocket {
  socket.write('GET /v1/device HTTP/1.1\r\n');
  // The hub may cut the socket between two drops: the error the next one meets is part of being cut.
  const drip = setInterval(() => socket.write('X-A: b\r\n'), 500);
  socket.once('close', () => clearInterval(drip));
  return socket;
}

/** A TLS handshake that was begun, and never goes on. */
function halfHello(): Socket {
  const socket = connect(Number(new URL(hub.deviceUrl).port), '127.0.0.1');
  socket.on('error', () => undefined);
  socket.write(Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01]));
  return socket;
}

/** A body that was promised, and never comes. */
async function slowEnrolment(): Promise<TLSSocket> {
  const socket = await openTls(hub);
  socket.write('POST /v1/enrol HTTP/1.1\r\nHost: hub\r\nContent-Length: 100\r\n\r\n{');
  return socket;
}

/** Each case comes from an address of its own, as the proxy in front would say. */
let lastAddress = 0;
function from(): Record<string, string> {
  lastAddress += 1;
  return { 'X-Forwarded-For': `10.9.${lastAddress >> 8}.${lastAddress & 255}` };
}
/** The address of the newest case. */
const actor = (): string => `address:10.9.${lastAddress >> 8}.${lastAddress & 255}`;

const refusals = (status: number): Traces => ({ counter: `hub_upgrade_refusals_total{status="${status}"}` });

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
    name: 'an unknown subprotocol',
    status: 400,
    text: () => upgradeText({ ...good(), 'Sec-WebSocket-Protocol': 'mqtt' }),
  },
  { name: 'a web page', status: 403, text: () => upgradeText({ ...good(), Origin: 'https://evil.example' }) },
  {
    name: 'the null origin without the header of devices',
    status: 403,
    text: () => upgradeText({ Origin: 'null', ...from() }),
  },
  {
    name: 'a page with its credential among the subprotocols',
    status: 403,
    text: () =>
      upgradeText({
        Origin: 'https://evil.example',
        'Sec-WebSocket-Protocol': `hub.v1.json, ${pageCredential({ id: 'good', secret: hub.secretOf('good') })}`,
        ...from(),
      }),
  },
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
    const answer = await range.attack(refusals(status), () => request(hub, text()));
    assert.equal(answer.status, status, answer.head);
    assert.ok(!answer.body.includes(hub.secretOf('good')), 'no secret comes back');
    if (status !== 401) return;
    await range.attack(
      { audit: { action: 'connect', outcome: 'refused', actor: actor() } },
      async () => undefined,
    );
  });
}

test('after all of that the good device gets in', async () => {
  assert.equal((await request(hub, upgradeText(good()))).status, 101);
});

test('frames sent with the upgrade request do not count before the welcome, and end nothing', async () => {
  // A masked text frame `{}` right behind the header (RFC 6455 §5.3).
  const frame = Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0x7b, 0x7d]);
  const answer = await range.attack({ counter: 'hub_nacks_total{code="not-open"}' }, () =>
    request(hub, Buffer.concat([Buffer.from(upgradeText(good())), frame])),
  );
  assert.equal(answer.status, 101);
});

test('guessing from one address is slowed down to 429 with Retry-After, and recorded', async () => {
  const address = { 'X-Forwarded-For': '198.51.100.1' };
  const audit = { actor: 'address:198.51.100.1', action: 'connect', outcome: 'refused', origin: 'device' };
  const statuses = await range.attack({ ...refusals(429), audit }, async () => {
    const seen: number[] = [];
    for (let n = 0; n < 14; n += 1) {
      const answer = await request(hub, upgradeText({ Authorization: basic(`guess-${n}`, 'x'), ...address }));
      seen.push(answer.status);
      if (answer.status === 429) assert.match(answer.head, /Retry-After: [1-9]/i);
    }
    return seen;
  });
  assert.deepEqual(
    statuses.slice(0, 10),
    Array.from({ length: 10 }, () => 401),
  );
  assert.ok(statuses.slice(10).includes(429), statuses.join());
});

test('guessing at one id from many addresses is slowed down, and the device itself is not', async () => {
  const address = (n: number) => ({ 'X-Forwarded-For': `203.0.113.${n}` });
  const own = { Authorization: basic('victim', hub.secretOf('victim')), ...address(200) };
  assert.equal((await request(hub, upgradeText(own))).status, 101);
  const audit = { subject: 'victim', action: 'connect', outcome: 'refused' };
  await range.attack({ ...refusals(429), audit }, async () => {
    for (let n = 1; n <= 16; n += 1) {
      await request(hub, upgradeText({ Authorization: basic('victim', `guess-${n}`), ...address(n) }));
    }
  });
  assert.equal((await request(hub, upgradeText(own))).status, 101, 'from where it last was, it gets in');
});

test('a disabled device is told so only with its secret: a guess gets what a guess at an unknown id gets', async () => {
  await hub.ask('POST', '/devices/other/disable', {});
  const audit = { subject: 'other', action: 'connect', outcome: 'refused' };
  const own = await range.attack({ ...refusals(403), audit }, () =>
    request(hub, upgradeText({ Authorization: basic('other', hub.secretOf('other')), ...from() })),
  );
  assert.equal(own.status, 403);
  const guess = await request(hub, upgradeText({ Authorization: basic('other', 'guess'), ...from() }));
  assert.equal(guess.status, 401);
});

// Late, since so many refusals are more than the audit takes in a minute.
test('an unknown id and a wrong secret get the same answer, and neither takes longer', async () => {
  const answers = new Set<string>();
  await assertSameCost(['known', 'unknown'], guessesOfId * manyIds.length, async (kind, round) => {
    // Only the answer is timed: the socket is open already.
    const socket = await openTls(hub);
    const text = upgradeText({
      Authorization: basic(`${kind}-${round % manyIds.length}`, 'guess'),
      ...from(),
    });
    const began = performance.now();
    const answer = await answerOf(socket, text);
    const tookMs = performance.now() - began;
    assert.equal(answer.status, 401);
    answers.add(`${answer.head}\n${answer.body}`);
    return tookMs;
  });
  assert.equal(answers.size, 1, [...answers].join('\n\n'));
});

test('slow headers, a slow body, a slow handshake and idle sockets are cut within the time of a handshake', async () => {
  const times = await range.attack({}, () => Promise.all(dallying));
  for (const tookMs of times) assert.ok(tookMs < 14_000, `${times.join(', ')} ms`);
  const counted = await Promise.all(
    [
      'hub_socket_drops_total{cause="slow"}',
      'hub_socket_drops_total{cause="handshake"}',
      'hub_upgrade_refusals_total{status="408"}',
    ].map((name) => hub.metric(name)),
  );
  const sum = counted.reduce((total, count) => total + count, 0);
  assert.ok(sum >= times.length, `${counted.join(' + ')} are fewer than ${times.length}`);
});
