import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { startInProcessHub } from '../../helpers/hubs/in-process-hub.ts';

/** The login stands before every operation, however its path is spelt. */

/** One request, its path to the letter; @returns whether nothing was given away: refused, unknown, or the page. */
async function isShut(adminUrl: string, method: string, path: string, more = ''): Promise<boolean> {
  const { hostname, port } = new URL(adminUrl);
  const socket = connect(Number(port), hostname);
  await once(socket, 'connect');
  const asked = `${method} ${path} HTTP/1.1\r\nHost: hub\r\nConnection: ${more === '' ? 'close' : more}\r\n\r\n`;
  // A client that has said its last word is not sent a file any more; an upgraded socket ends only by it.
  if (more === '') socket.write(asked);
  else socket.end(asked);
  const answer = await text(socket);
  return /^HTTP\/1\.1 40[134] /.test(answer) || /^content-type: text\/html/im.test(answer);
}

const encoded = (letter: string): string => `%${letter.charCodeAt(0).toString(16)}`;
/** The same path, with each of its letters in turn, and all of them, percent-encoded (RFC 3986 §2.1). */
function spellings(path: string): string[] {
  const one = Array.from(path, (letter, at) => path.slice(0, at) + encoded(letter) + path.slice(at + 1));
  return [path, ...one.slice(1), path.replaceAll(/[^/]/g, encoded)];
}

test('no spelling of a path goes around the login', async (t) => {
  const scene = await startInProcessHub(t);
  await scene.add(['d-1']);
  const { adminUrl } = scene.hub;
  for (const [method, path] of [
    ['GET', '/api/v1/devices'],
    ['GET', '/api/v1/openapi.json'],
    ['DELETE', '/api/v1/devices/d-1'],
    ['DELETE', '/api/v1/operators/accounts/x'],
  ] as const) {
    for (const spelt of [...spellings(path), `http://hub${path}`, `/${path}`, `${path}/`]) {
      assert.ok(await isShut(adminUrl, method, spelt), `${method} ${spelt}`);
    }
  }
  const upgrade =
    'Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==';
  // Where a slash is encoded it is no path of the API: as anywhere else, the upgrade is taken and closed at once.
  for (const spelt of spellings('/api/v1/live').filter((path) => !path.includes('%2f'))) {
    assert.ok(await isShut(adminUrl, 'GET', spelt, upgrade), spelt);
  }
  assert.equal((await scene.admin.listDevices({ limit: 10 })).devices.length, 1, 'the device is still there');
});
