import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { test } from 'node:test';
import { makeDevice } from '../../../sdk/typescript/src/node.ts';
import { startScriptedHub } from '../../helpers/hubs/scripted-hub.ts';
import { frameBytes, startHostileServer, upgraded, type Attack } from '../../helpers/sdk/hostile-server.ts';
import { welcomeFrame } from '../../helpers/sdk/played-link.ts';

/** The SDK in Node against servers that break HTTP, WebSocket and the protocol, byte by byte. */

const text = 0x81;
const command = {
  type: 'command',
  id: 'c-1',
  name: 'blink',
  params: {},
  deadline: 9e15,
  ttlMs: 60_000,
  safety: 'observe',
};

/** After a right upgrade these bytes, then the end. */
const afterUpgrade =
  (...parts: (Buffer | string)[]): Attack =>
  (socket, accept) => {
    socket.write(upgraded(accept));
    for (const part of parts) socket.write(part);
    socket.end();
  };

const welcome = frameBytes(text, JSON.stringify(welcomeFrame()));

function attacks(redirect: string): Attack[] {
  return [
    // HTTP: none of it, another status, a redirect, an answer without end.
    (socket) => socket.end('garbage\r\n\r\n'),
    (socket) => socket.end(Buffer.alloc(4_096, 0xff)),
    (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'),
    (socket) => socket.end('HTTP/1.1 500 Oh\r\n\r\n'),
    (socket) => socket.end(`HTTP/1.1 301 Moved\r\nLocation: ${redirect}\r\nContent-Length: 0\r\n\r\n`),
    (socket) => socket.end(`HTTP/1.1 101 Go\r\n${'X: y\r\n'.repeat(10_000)}`),
    // The upgrade: another accept key, another subprotocol, an extension that was not offered.
    (socket) => socket.end(upgraded('bm90IHRoZSByaWdodCBrZXk=')),
    (socket, accept) => socket.end(upgraded(accept, 'hub.v9')),
    (socket, accept) =>
      socket.end(
        upgraded(accept).replace('\r\n\r\n', '\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n'),
      ),
    // Frames: flags and opcodes that there are none of, masked, binary, no UTF-8, a long ping, a close of no code.
    afterUpgrade(frameBytes(0xf1, 'x')),
    afterUpgrade(frameBytes(0x8f, 'x')),
    afterUpgrade(Buffer.from([0x81, 0x81, 1, 2, 3, 4, 5])),
    afterUpgrade(frameBytes(0x82, JSON.stringify(welcomeFrame()))),
    afterUpgrade(frameBytes(text, Buffer.from([0xff, 0xfe]))),
    afterUpgrade(frameBytes(0x89, 'x'.repeat(200))),
    afterUpgrade(frameBytes(0x88, Buffer.from([0x03]))),
    afterUpgrade(frameBytes(0x88, Buffer.from([0x00, 0x01]))),
    afterUpgrade(frameBytes(0x80, 'a part of nothing')),
    // Sizes: more than a frame may have, more than there is memory for.
    afterUpgrade(welcome, frameBytes(text, `{"type":"notice","topic":"t","data":"${'x'.repeat(70_000)}"}`)),
    afterUpgrade(welcome, Buffer.from([0x81, 127, 0x3f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff])),
    // The protocol: no frames, frames out of turn, a welcome again and again.
    afterUpgrade(...['', '{', '[]', '0', '{"type":"welcome"}'].map((part) => frameBytes(text, part))),
    afterUpgrade(frameBytes(text, '{"type":"ack","upTo":7}'), welcome, welcome),
    // A command that is cut off, then one that comes twice.
    afterUpgrade(welcome, frameBytes(text, JSON.stringify(command)).subarray(0, 60)),
    afterUpgrade(welcome, ...Array<Buffer>(2).fill(frameBytes(text, JSON.stringify(command)))),
    // Closes at every point of an upgrade and a welcome.
    ...Array.from({ length: 60 }, (_, part): Attack => (socket, accept) => {
      const all = Buffer.concat([Buffer.from(upgraded(accept)), welcome]);
      socket.end(all.subarray(0, Math.ceil((all.length * part) / 60)));
    }),
    ...[1000, 1002, 1009, 1012, 1013, 4004, 4400, 4409, 4429].map((code): Attack => {
      const payload = Buffer.from([
        code >> 8,
        code & 0xff,
        ...Buffer.from('{"code":"x","retryAfterMs":1e99}'),
      ]);
      return afterUpgrade(welcome, frameBytes(0x88, payload));
    }),
  ];
}

test('whatever a server sends, the device comes again, keeps its readings, and runs a command once', async (t) => {
  let redirected = 0;
  const elsewhere = createServer(() => (redirected += 1));
  elsewhere.listen(0, '127.0.0.1');
  await once(elsewhere, 'listening');
  t.after(() => elsewhere.close());
  const { port } = elsewhere.address() as AddressInfo;
  const list = attacks(`http://127.0.0.1:${port}/v1/device`);
  const hub = await startScriptedHub(t);
  const server = await startHostileServer(t, list, Number(new URL(hub.url).port));
  const device = makeDevice({
    url: server.url,
    id: 'd-1',
    secret: 's3cret',
    type: 'env-sensor@1',
    random: () => 0,
  });
  t.after(() => device.close());
  let runs = 0;
  device.onCommand('blink', () => {
    runs += 1;
    return { status: 'succeeded' };
  });
  // No wait of the protocol, which may be an hour, between two attacks.
  device.on('close', () => queueMicrotask(() => device.wake()));
  const settled = [1, 2, 3].map((temperature) => device.measure('env', { temperature }));
  device.wake();
  const session = await hub.session();
  assert.equal(server.connections, list.length + 1);
  await session.welcome();
  const { re } = await session.next('result');
  assert.equal(re, 'c-1');
  // Those who closed with 1009 made it send smaller frames.
  const values: unknown[] = [];
  let seq = 0;
  while (values.length < 3) {
    const frame = await session.next('telemetry');
    seq = frame.seq;
    values.push(
      ...(frame.samples ?? [frame]).map(({ data }) => (data as { temperature: number }).temperature),
    );
  }
  assert.deepEqual(values, [1, 2, 3]);
  session.send({ type: 'ack', re: 'c-1' });
  session.send({ type: 'ack', upTo: seq });
  const kinds = (await Promise.all(settled)).map(({ kind }) => kind);
  assert.deepEqual(kinds, ['stored', 'stored', 'stored']);
  assert.deepEqual([runs, redirected], [1, 0]);
});
