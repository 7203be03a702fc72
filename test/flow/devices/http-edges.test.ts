import assert from 'node:assert/strict';
import { connect, type NetConnectOpts } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, test, type TestContext } from 'node:test';
import { basic } from '../../helpers/devices/raw-http.ts';
import { openRaw } from '../../helpers/devices/raw-device.ts';
import { startInProcessHub, type InProcessHub } from '../../helpers/hubs/in-process-hub.ts';

/** What HTTP says at its edges (RFC 9110, RFC 9112), at each listener. */

let hub: InProcessHub;
const releases: (() => Promise<void> | void)[] = [];

before(async () => {
  const released: TestContext['after'] = (release) => {
    if (release !== undefined) releases.push(release as () => Promise<void>);
  };
  hub = await startInProcessHub({ after: released });
  await hub.add(['d-1']);
});

after(async () => {
  for (const release of releases.toReversed()) await release();
});

const tcp = (url: string): NetConnectOpts => ({ host: '127.0.0.1', port: Number(new URL(url).port) });

/** Sends these lines and reads until the other side has closed. */
async function ask(
  where: NetConnectOpts,
  lines: readonly string[],
): Promise<{ status: number; answer: string }> {
  const socket = connect(where);
  socket.setTimeout(5_000, () => socket.destroy(new Error('no end of the answer')));
  socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  const answer = await text(socket);
  return { status: Number(answer.split(' ', 2)[1]), answer };
}

const h2c = [
  'Connection: Upgrade, HTTP2-Settings, close',
  'Upgrade: h2c',
  'HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA',
];

test('an offer to upgrade to HTTP/2 is ignored by the admin listener and the socket (RFC 9110 §7.8)', async () => {
  for (const where of [tcp(hub.hub.adminUrl), { path: join(hub.dataDir, 'hub.sock') }]) {
    for (const path of ['/livez', '/readyz', '/metrics']) {
      const { status } = await ask(where, [`GET ${path} HTTP/1.1`, 'Host: localhost', ...h2c]);
      assert.equal(status, 200, path);
    }
  }
  const nowhere = await ask(tcp(hub.hub.adminUrl), ['GET /api/v1/live HTTP/1.1', 'Host: localhost', ...h2c]);
  assert.equal(nowhere.status, 401);
});

const upgradeLines = (first: string, changes: Readonly<Record<string, string>> = {}): string[] => {
  const headers = {
    Host: 'hub',
    Upgrade: 'websocket',
    Connection: 'Upgrade',
    'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Protocol': 'hub.v1.json',
    ...changes,
  };
  return [first, ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`)];
};

const refused: [what: string, status: number, lines: () => string[], has: RegExp][] = [
  [
    'an upgrade in HTTP/1.0 (RFC 9110 §7.8)',
    426,
    () => upgradeLines('GET /v1/device HTTP/1.0'),
    /^upgrade: websocket/im,
  ],
  [
    'an upgrade to HTTP/2',
    426,
    () => ['GET /v1/device HTTP/1.1', 'Host: hub', ...h2c],
    /^upgrade: websocket/im,
  ],
  [
    'another version of WebSocket',
    426,
    () => upgradeLines('GET /v1/device HTTP/1.1', { 'Sec-WebSocket-Version': '8' }),
    /^upgrade: websocket\r\n.*sec-websocket-version: 13/ims,
  ],
  ['an upgrade by POST', 405, () => upgradeLines('POST /v1/device HTTP/1.1'), /^allow: GET\r/im],
  ['a POST', 405, () => ['POST /v1/device HTTP/1.1', 'Host: hub', 'Content-Length: 0'], /^allow: GET\r/im],
  ['an enrolment by GET', 405, () => ['GET /v1/enrol HTTP/1.1', 'Host: hub'], /^allow: POST\r/im],
  [
    'sixty short lines of header',
    431,
    () =>
      upgradeLines(
        'GET /v1/device HTTP/1.1',
        Object.fromEntries(Array.from({ length: 60 }, (_, n) => [`X-${n}`, 'y'])),
      ),
    /in 50 lines/,
  ],
];

for (const [what, expected, lines, has] of refused) {
  test(`the device listener answers ${what} with ${expected}`, async () => {
    const { status, answer } = await ask(tcp(hub.hub.deviceUrl), lines());
    assert.equal(status, expected, answer);
    assert.match(answer, has);
    assert.match(answer, /"error":\{"code":"[a-z-]+","message":"/, 'in the form of every refusal');
    if (expected === 426) assert.match(answer, /^connection: close, upgrade\r/im);
  });
}

const answeredOnce: [what: string, status: number, lines: readonly string[]][] = [
  ['a HEAD with a body', 405, ['HEAD /v1/device HTTP/1.1', 'Host: hub', '', '{"a":1}']],
  ['a GET with a body', 426, ['GET /v1/device HTTP/1.1', 'Host: hub', '', '{"a":1}']],
  ['a request and no HTTP behind it', 404, ['GET / HTTP/1.1', 'Host: hub', '', '\u0016\u0003\u0001']],
  [
    'an enrolment and no HTTP behind it',
    400,
    ['POST /v1/enrol HTTP/1.1', 'Host: hub', 'Content-Length: 2', '', '{}garbage'],
  ],
  [
    'an enrolment in broken chunks',
    400,
    ['POST /v1/enrol HTTP/1.1', 'Host: hub', 'Transfer-Encoding: chunked', '', 'zz', '{}'],
  ],
];

for (const [what, expected, lines] of answeredOnce) {
  test(`the device listener answers ${what} once, with ${expected}, and closes`, async () => {
    const { status, answer } = await ask(tcp(hub.hub.deviceUrl), lines);
    assert.equal(status, expected, answer);
    assert.equal(answer.match(/HTTP\/1\.1 /g)?.length, 1, answer);
    if (lines[0]?.startsWith('HEAD') === true) assert.match(answer, /\r\n\r\n$/, 'no body');
  });
}

test('a target in absolute form is the same target (RFC 9112 §3.2.2)', async () => {
  const authorization = { Authorization: basic('d-1', hub.device('d-1').secret) };
  const socket = connect(tcp(hub.hub.deviceUrl));
  socket.write(
    `${upgradeLines('GET http://hub:8443/v1/device HTTP/1.1', authorization).join('\r\n')}\r\n\r\n`,
  );
  const [head] = await new Promise<[Buffer]>((resolve) => {
    socket.once('data', (data) => resolve([data]));
  });
  assert.match(head.toString('latin1'), /^HTTP\/1\.1 101 /);
  socket.destroy();
});

const closes: [what: string, code: number, reason: string, bytes: () => Buffer][] = [
  ['more than 64 fragments', 1008, 'too-many-fragments', () => fragments(100)],
  ['a message that is too long', 1009, 'frame-too-big', () => message(70_000)],
  ['text that is no UTF-8', 1007, 'bad-utf8', () => frame(0x81, Buffer.from([0xc3, 0x28]))],
  ['a reserved opcode', 1002, 'protocol-error', () => frame(0x83, Buffer.alloc(0))],
];

for (const [what, code, reason, bytes] of closes) {
  test(`${what} closes ${code} with a reason in JSON`, async () => {
    const device = await openRaw(hub.device('d-1'));
    const { _socket: socket } = device.ws as typeof device.ws & { _socket: NodeJS.WritableStream };
    socket.write(bytes());
    assert.deepEqual(await device.closed, { code, reason: JSON.stringify({ code: reason }) });
  });
}

/** Masked with zeros (RFC 6455 §5.3). */
function frame(first: number, payload: Buffer): Buffer {
  return Buffer.concat([Buffer.from([first, 0x80 | payload.length, 0, 0, 0, 0]), payload]);
}

function fragments(count: number): Buffer {
  const more = Array.from({ length: count }, () => frame(0x00, Buffer.from(' ')));
  return Buffer.concat([frame(0x01, Buffer.from('{')), ...more]);
}

function message(bytes: number): Buffer {
  const head = Buffer.alloc(14);
  head.set([0x81, 0x80 | 127]);
  head.writeBigUInt64BE(BigInt(bytes), 2);
  return Buffer.concat([head, Buffer.alloc(bytes, ' ')]);
}

test('an upgrade behind a request that is not answered yet is answered after it, as if it had not asked (RFC 9112 §9.3.2)', async () => {
  const { id, secret } = hub.device('d-1');
  const headers = { Authorization: basic(id, secret), Connection: 'Upgrade, close' };
  const places: [place: string, where: NetConnectOpts, path: string, statuses: number[]][] = [
    ['admin listener', tcp(hub.hub.adminUrl), '/api/v1/live', [401, 401]],
    ['hub.sock', { path: join(hub.dataDir, 'hub.sock') }, '/api/v1/live', [404, 426]],
    // Its answers end the connection.
    ['device listener', tcp(hub.hub.deviceUrl), '/v1/device', [404]],
  ];
  for (const [place, where, path, statuses] of places) {
    const first = ['GET /api/v1/me HTTP/1.1', 'Host: hub', ''];
    const { answer } = await ask(where, [...first, ...upgradeLines(`GET ${path} HTTP/1.1`, headers)]);
    const seen = [...answer.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => Number(status));
    assert.deepEqual(seen, statuses, place);
  }
});
