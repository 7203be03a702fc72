import assert from 'node:assert/strict';
import { copyFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { text as textOf } from 'node:stream/consumers';
import { test } from 'node:test';
import { startInProcessHub } from '../../helpers/hubs/in-process-hub.ts';
import { temporaryFolder } from '../../helpers/services/guard.ts';
import { withToken } from '../../helpers/hubs/operators.ts';

/** Whatever the API refuses, it refuses in one shape, with the headers that HTTP demands. */

interface Refused {
  status: number;
  code: string;
  message: string;
  headers: Headers;
}

async function refused(url: string, init: RequestInit = {}): Promise<Refused> {
  const response = await fetch(url, init);
  assert.match(response.headers.get('content-type') ?? '', /^application\/json/);
  const body = (await response.json()) as { error: { code: string; message: string } };
  assert.deepEqual(Object.keys(body), ['error']);
  return { status: response.status, ...body.error, headers: response.headers };
}

/** Bytes of our own to the listener, and what it answers until it closes. */
function exchange(url: string, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url);
    let answer = '';
    const socket = connect(Number(port), hostname, () => socket.write(text));
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => (answer += chunk));
    socket.on('close', () => resolve(answer));
    socket.on('error', reject);
  });
}

test('who is not signed in is challenged for a token, and no browser asks for a password', async (t) => {
  const { hub } = await startInProcessHub(t);
  const api = `${hub.adminUrl}/api/v1`;
  const wrong = { headers: { authorization: 'Bearer nobody' } };
  const login = {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'anna', password: 'wrong' }),
  };
  for (const [path, init, code] of [
    ['/devices', {}, 'unauthorized'],
    ['/devices', wrong, 'unauthorized'],
    ['/login', login, 'login-failed'],
  ] as const) {
    const answer = await refused(`${api}${path}`, init);
    assert.deepEqual([answer.status, answer.code], [401, code]);
    assert.equal(answer.headers.get('www-authenticate'), 'Bearer realm="device hub"');
  }
});

test('a method that a path does not have is refused with those that it has, at an unknown path there is nothing', async (t) => {
  const scene = await startInProcessHub(t);
  const { headers } = await withToken(scene, 'ci', { role: 'admin' });
  const api = `${scene.hub.adminUrl}/api/v1`;
  for (const [method, path, allowed] of [
    ['PUT', '/devices', 'GET, HEAD, POST'],
    ['GET', '/operators/tokens', 'POST'],
    ['POST', '/devices/d-1', 'DELETE, GET, HEAD'],
    ['POST', '/d%65vices/d%2F1', 'DELETE, GET, HEAD'],
  ] as const) {
    const answer = await refused(`${api}${path}`, { method, headers });
    assert.deepEqual([answer.status, answer.code], [405, 'method-not-allowed'], path);
    assert.equal(answer.headers.get('allow'), allowed);
  }
  for (const path of ['/nothing', '/devices/d-1/labels/more', '/devices/%zz']) {
    const { status, code, headers: answered } = await refused(`${api}${path}`, { method: 'DELETE', headers });
    assert.equal(answered.get('allow'), null);
    assert.deepEqual([status, code], path.endsWith('%zz') ? [400, 'input-invalid'] : [404, 'path-unknown']);
  }
});

test('an id that is too long for one is refused by its field, and a path that is too long in the same shape', async (t) => {
  const scene = await startInProcessHub(t);
  const { headers } = await withToken(scene, 'ci', { role: 'admin' });
  const ask = (id: string): Promise<Refused> =>
    refused(`${scene.hub.adminUrl}/api/v1/devices/${id}`, { headers });
  for (const length of [65, 101, 1_000]) {
    const answer = await ask('x'.repeat(length));
    assert.deepEqual([answer.status, answer.code], [400, 'input-invalid']);
    assert.match(answer.message, /path id must be at most 64 characters/);
  }
  const answer = await ask('x'.repeat(2_000));
  assert.deepEqual([answer.status, answer.code], [414, 'input-invalid']);
});

test('a body that is too large or no JSON is refused by its own code', async (t) => {
  const scene = await startInProcessHub(t);
  const { headers } = await withToken(scene, 'ci', { role: 'admin' });
  const post = (type: string, body: string, more: Record<string, string> = {}): Promise<Refused> =>
    refused(`${scene.hub.adminUrl}/api/v1/devices`, {
      method: 'POST',
      headers: { ...headers, 'content-type': type, ...more },
      body,
    });
  const large = await post('application/json', JSON.stringify('x'.repeat(1_100_000)));
  assert.deepEqual([large.status, large.code], [413, 'body-too-large']);
  const form = await post('application/x-www-form-urlencoded', 'ids=d-1');
  assert.deepEqual([form.status, form.code], [415, 'content-type-unsupported']);
  const utf16 = await post('application/json; charset=utf-16', '{"ids":["d-1"]}');
  assert.deepEqual([utf16.status, utf16.code], [415, 'content-type-unsupported']);
  const packed = await post('application/json', '{"ids":["d-1"]}', { 'content-encoding': 'gzip' });
  assert.deepEqual([packed.status, packed.code], [415, 'content-type-unsupported']);
  const broken = await post('application/json; charset="UTF-8"', '{"ids":');
  assert.deepEqual([broken.status, broken.code], [400, 'input-invalid']);
});

test('what is no HTTP request is refused in the same shape', async (t) => {
  const { hub } = await startInProcessHub(t);
  for (const [text, status] of [
    ['HELLO\r\n\r\n', 400],
    ['GET /livez HTTP/1.1\r\nconnection: close\r\n\r\n', 400],
    ['GET /livez HTTP/1.1\r\nhost: a\r\nhost: b\r\nconnection: close\r\n\r\n', 400],
    [`GET /livez HTTP/1.1\r\nhost: hub\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
  ] as const) {
    const answer = await exchange(hub.adminUrl, text);
    assert.match(answer, new RegExp(`^HTTP/1.1 ${status} `));
    assert.match(answer, /\r\n\r\n\{"error":\{"code":"input-invalid","message":"[^"]+"\}\}$/);
  }
});

test('a path that is no WebSocket answers an upgrade as any request, and what is no handshake is refused in the same shape', async (t) => {
  const { hub, dataDir } = await startInProcessHub(t);
  const upgrade = 'host: hub\r\nconnection: upgrade, close\r\nupgrade: websocket\r\n';
  for (const [request, status] of [
    [`GET /livez HTTP/1.1\r\n${upgrade}\r\n`, 200],
    // Whatever is refused before it has a route: the connection must end there too.
    [`GET /% HTTP/1.1\r\n${upgrade}\r\n`, 400],
    [`POST /livez HTTP/1.1\r\n${upgrade}content-length: 0\r\n\r\n`, 405],
    [`GET /api/v1/live HTTP/1.1\r\n${upgrade}\r\n`, 401],
  ] as const) {
    const answer = await exchange(hub.adminUrl, request);
    assert.match(answer, new RegExp(`^HTTP/1.1 ${status} `), request);
    assert.match(answer, /\r\ncontent-type: application\/json/i, request);
  }
  // On the socket of the data folder nobody has to sign in.
  const socket = connect(join(dataDir, 'hub.sock'));
  socket.setEncoding('utf8').write(`GET /api/v1/live HTTP/1.1\r\n${upgrade}sec-websocket-key: x\r\n\r\n`);
  const answer = await textOf(socket);
  assert.match(answer, /^HTTP\/1.1 400 /);
  assert.match(
    answer,
    /\r\n\r\n\{"error":\{"code":"input-invalid","message":"[^"]*Sec-WebSocket-Key[^"]*"\}\}$/,
  );
});

test('a device whose type has no file any more is known: what it sent is refused with the type that is missing', async (t) => {
  const valves = temporaryFolder('types');
  t.after(() => valves.remove());
  const type = 'smart-valve@1.json';
  await copyFile(new URL(`../../../schemas/device-types/${type}`, import.meta.url), join(valves.path, type));
  const hub = await startInProcessHub(t);
  await hub.add(['sensor'], 'env-sensor@1');
  await hub.restart({ HUB_SCHEMAS_DIR: valves.path });
  const range = { fromMs: 0, toMs: 1_000 };
  const ask = (id: string): Promise<unknown>[] => [
    hub.ask('GET /api/v1/devices/{id}/last', { params: { id } }),
    hub.ask('GET /api/v1/devices/{id}/readings/{stream}', { params: { id, stream: 'env' }, query: range }),
    hub.ask('GET /api/v1/devices/{id}/series/{stream}', { params: { id, stream: 'env' }, query: range }),
  ];
  for (const asked of ask('sensor')) {
    await assert.rejects(asked, {
      code: 'type-unknown',
      message: /env-sensor@1, the type of sensor; put its file back/,
    });
  }
  for (const asked of ask('nobody')) await assert.rejects(asked, { code: 'device-unknown' });
});
