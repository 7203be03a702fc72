import assert from 'node:assert/strict';
import { after, before, test, type TestContext } from 'node:test';
import { startEcho, type EchoServer } from '../../helpers/devices/echo.ts';
import { acceptOf, RawWebSocket, wireFrame } from '../../helpers/devices/raw-websocket.ts';

/** RFC 6455 by hand over bare sockets, against the device listener's own WebSocket server. */

let echo: EchoServer;

before(async () => {
  echo = await startEcho(0);
});

after(() => echo.close());

const text = 1;
const binary = 2;
const continuation = 0;
const close = 8;
const ping = 9;
const pong = 10;

async function open(t: TestContext): Promise<RawWebSocket> {
  const raw = await RawWebSocket.open(echo.port);
  t.after(() => raw.destroy());
  assert.match(raw.head, /^HTTP\/1\.1 101 /);
  return raw;
}

async function status(
  changes: Readonly<Record<string, string | undefined>>,
  method = 'GET',
): Promise<string> {
  const [first = '', ...rest] = RawWebSocket.upgradeLines(changes);
  const raw = await RawWebSocket.request(echo.port, [first.replace('GET', method), ...rest]);
  raw.destroy();
  return raw.head.split(' ')[1] ?? '';
}

test('§4.2.2 the accept key is that of the standard, and no extension is agreed to', async (t) => {
  const lines = RawWebSocket.upgradeLines({
    'Sec-WebSocket-Extensions': 'permessage-deflate; client_max_window_bits',
  });
  const raw = await RawWebSocket.request(echo.port, lines);
  t.after(() => raw.destroy());
  assert.match(raw.head, /^HTTP\/1\.1 101 /);
  assert.ok(raw.head.includes(`Sec-WebSocket-Accept: ${acceptOf('dGhlIHNhbXBsZSBub25jZQ==')}`));
  assert.ok(raw.head.includes('s3pPLMBiTxaQ9kYGzzhZRbK+xOo='));
  assert.doesNotMatch(raw.head, /sec-websocket-extensions/i);
});

test('§4.2.1 a handshake without a key, with a bad one, another version or method is refused', async () => {
  assert.equal(await status({ 'Sec-WebSocket-Key': undefined }), '400');
  assert.equal(await status({ 'Sec-WebSocket-Key': 'short' }), '400');
  assert.ok(['400', '426'].includes(await status({ 'Sec-WebSocket-Version': '7' })));
  assert.equal(await status({}, 'POST'), '405');
});

test('§4.1 the header values of the upgrade are compared without case', async () => {
  assert.equal(await status({ Upgrade: 'WebSocket', Connection: 'keep-alive, UPGRADE' }), '101');
});

for (const length of [0, 1, 125, 126, 127, 65_535, 65_536]) {
  test(`§5.2 a text of ${length} bytes comes back in the shortest length form, unmasked`, async (t) => {
    const raw = await open(t);
    raw.write(wireFrame(text, 'x'.repeat(length)));
    const answer = await raw.frame();
    assert.deepEqual(
      [answer.fin, answer.rsv, answer.opcode, answer.masked, answer.payload.length],
      [true, 0, text, false, length],
    );
  });
}

for (const [what, message] of [
  ['umlauts that make it longer than its characters', 'ü'.repeat(100)],
  ['the last character of Latin-1', 'ÿ'],
  ['a surrogate pair', 'x😀'],
] as const) {
  test(`§5.6 a text with ${what} comes back as it was`, async (t) => {
    const raw = await open(t);
    raw.write(wireFrame(text, message));
    const { opcode, payload } = await raw.frame();
    assert.deepEqual([opcode, payload.toString()], [text, message]);
  });
}

for (const length of [0, 125, 126]) {
  test(`§5.2 ${length} bytes come back as they were`, async (t) => {
    const raw = await open(t);
    const sent = Buffer.from(Array.from({ length }, (_, at) => 255 - at));
    raw.write(wireFrame(binary, sent));
    const { opcode, payload } = await raw.frame();
    assert.deepEqual([opcode, payload], [binary, sent]);
  });
}

test('§5.5.2 pongs and messages are answered in the order of what they answer', async (t) => {
  const raw = await open(t);
  const sent = Array.from(
    { length: 60 },
    (_, at) => [[text, binary, ping][at % 3] ?? text, `n${at}`] as const,
  );
  for (const [opcode, payload] of sent) raw.write(wireFrame(opcode, payload));
  for (const [opcode, payload] of sent) {
    const answer = await raw.frame();
    assert.deepEqual([answer.opcode, answer.payload.toString()], [opcode === ping ? pong : opcode, payload]);
  }
});

test('§5.2 all three length forms are read, also when a shorter one would do', async (t) => {
  const raw = await open(t);
  for (const lengthBits of [7, 16, 64] as const) {
    raw.write(wireFrame(text, 'hello', { lengthBits }));
    assert.equal((await raw.frame()).payload.toString(), 'hello');
  }
});

test('§5.6 binary comes back as binary', async (t) => {
  const raw = await open(t);
  raw.write(wireFrame(binary, Buffer.from([0, 255, 128])));
  const { opcode, payload } = await raw.frame();
  assert.deepEqual([opcode, [...payload]], [binary, [0, 255, 128]]);
});

test('a frame that arrives byte by byte is read', async (t) => {
  const raw = await open(t);
  for (const byte of wireFrame(text, 'slow')) {
    raw.write(Buffer.from([byte]));
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
  assert.equal((await raw.frame()).payload.toString(), 'slow');
});

test('two frames in one segment are two messages', async (t) => {
  const raw = await open(t);
  raw.write(wireFrame(text, 'one'), wireFrame(text, 'two'));
  assert.equal((await raw.frame()).payload.toString(), 'one');
  assert.equal((await raw.frame()).payload.toString(), 'two');
});

test('§5.4 fragments are one message, with pings answered in between', async (t) => {
  const raw = await open(t);
  raw.write(wireFrame(text, 'one ', { fin: false }), wireFrame(ping, 'still there?'));
  raw.write(wireFrame(continuation, 'two ', { fin: false }), wireFrame(continuation, ''.padEnd(0)));
  const answer = await raw.frame();
  assert.deepEqual([answer.opcode, answer.payload.toString()], [pong, 'still there?']);
  assert.equal((await raw.frame()).payload.toString(), 'one two ');
});

test('§5.4 a character may be split over fragments', async (t) => {
  const raw = await open(t);
  const bytes = Buffer.from('κόσμε');
  const parts = [...bytes].map((byte, index) =>
    wireFrame(index === 0 ? text : continuation, Buffer.from([byte]), { fin: index === bytes.length - 1 }),
  );
  raw.write(...parts);
  assert.equal((await raw.frame()).payload.toString(), 'κόσμε');
});

test('§5.5.2 a ping is answered with its own payload, up to 125 bytes; an unasked pong is let pass', async (t) => {
  const raw = await open(t);
  for (const payload of ['', 'hello', 'x'.repeat(125)]) {
    raw.write(wireFrame(pong, 'unasked'), wireFrame(ping, payload));
    const answer = await raw.frame();
    assert.deepEqual([answer.opcode, answer.payload.toString()], [pong, payload]);
  }
});

test('§5.5.1 the close handshake echoes the code, and the server ends the connection', async (t) => {
  for (const code of [1000, 1001, 1011, 3000, 4999]) {
    const raw = await open(t);
    const payload = Buffer.alloc(2);
    payload.writeUInt16BE(code);
    raw.write(wireFrame(close, Buffer.concat([payload, Buffer.from('bye')])));
    assert.equal(await raw.closeCode(), code);
    await raw.end();
  }
});

test('§5.5.1 an empty close frame is answered with one', async (t) => {
  const raw = await open(t);
  raw.write(wireFrame(close, ''));
  assert.equal(await raw.closeCode(), 1005);
  await raw.end();
});

test('§5.5.1 nothing after a close frame counts', async (t) => {
  const raw = await open(t);
  raw.write(wireFrame(close, Buffer.from([0x03, 0xe8])), wireFrame(text, 'too late'));
  assert.equal(await raw.closeCode(), 1000);
  await raw.end();
});

const faults: [name: string, code: number, bytes: () => Buffer[]][] = [
  ['§5.1 an unmasked frame', 1002, () => [wireFrame(text, 'bare', { masked: false })]],
  ...[1, 2, 4].map((rsv): [string, number, () => Buffer[]] => [
    `§5.2 reserved bits ${rsv}`,
    1002,
    () => [wireFrame(text, 'x', { rsv })],
  ]),
  ...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map((opcode): [string, number, () => Buffer[]] => [
    `§5.2 reserved opcode ${opcode}`,
    1002,
    () => [wireFrame(opcode, 'x')],
  ]),
  ['§5.4 a continuation of nothing', 1002, () => [wireFrame(continuation, 'x')]],
  [
    '§5.4 a new message inside another',
    1002,
    () => [wireFrame(text, 'one', { fin: false }), wireFrame(text, 'two')],
  ],
  ['§5.5 a fragmented ping', 1002, () => [wireFrame(ping, 'x', { fin: false })]],
  ['§5.5 a ping of 126 bytes', 1002, () => [wireFrame(ping, 'x'.repeat(126))]],
  [
    '§5.5 a close of 126 bytes',
    1002,
    () => [wireFrame(close, Buffer.concat([Buffer.from([3, 232]), Buffer.alloc(124, 'x')]))],
  ],
  ['§5.5.1 a close with one byte', 1002, () => [wireFrame(close, 'x')]],
  ...[0, 999, 1004, 1005, 1006, 1015, 2999, 5000].map((code): [string, number, () => Buffer[]] => [
    `§7.4 close code ${code}`,
    1002,
    () => [wireFrame(close, Buffer.from([code >> 8, code & 0xff]))],
  ]),
  ['§5.5.1 a close reason that is no UTF-8', 1007, () => [wireFrame(close, Buffer.from([3, 232, 0xff]))]],
  ['§8.1 text that is no UTF-8', 1007, () => [wireFrame(text, Buffer.from([0xce, 0xba, 0xff]))]],
  ['§8.1 an overlong form', 1007, () => [wireFrame(text, Buffer.from([0xc0, 0xaf]))]],
  ['§8.1 a surrogate', 1007, () => [wireFrame(text, Buffer.from([0xed, 0xa0, 0x80]))]],
  [
    '§8.1 a message that ends within a character',
    1007,
    () => [wireFrame(text, Buffer.from([0xce]), { fin: false }), wireFrame(continuation, Buffer.from([]))],
  ],
  ['a text over 65,536 bytes', 1009, () => [wireFrame(text, 'x'.repeat(65_537))]],
  [
    'fragments over 65,536 bytes in all',
    1009,
    () => [wireFrame(text, 'x'.repeat(40_000), { fin: false }), wireFrame(continuation, 'x'.repeat(40_000))],
  ],
];

for (const [name, code, bytes] of faults) {
  test(`${name} closes ${code}`, async (t) => {
    const raw = await open(t);
    raw.write(...bytes());
    assert.equal(await raw.closeCode(), code);
    await raw.end();
  });
}

test('a message in more fragments than are allowed is refused', async (t) => {
  const raw = await open(t);
  const parts = Array.from({ length: 70 }, (_, index) =>
    wireFrame(index === 0 ? text : continuation, 'x', { fin: false }),
  );
  raw.write(...parts);
  assert.equal(await raw.closeCode(), 1008);
});
