import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startInProcessHub } from '../../helpers/hubs/in-process-hub.ts';

test('a file that takes longer than ten seconds is taken; another body is answered with 408 by then', async (t) => {
  const hub = await startInProcessHub(t);
  const { token } = await hub.ask('POST /api/v1/operators/tokens', {
    body: { name: 'admin', role: 'admin', devices: '*', safety: 'critical' },
  });
  const { hostname, port } = new URL(hub.hub.adminUrl);
  const bytes = randomBytes(60_000);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const send = async (head: string, parts: readonly Buffer[], everyMs: number): Promise<string> => {
    const socket = connect(Number(port), hostname);
    t.after(() => socket.destroy());
    let answer = '';
    socket.on('data', (data) => (answer += data.toString()));
    socket.on('error', () => undefined);
    socket.write(
      `${head} HTTP/1.1\r\nHost: ${hostname}:${port}\r\nAuthorization: Bearer ${token}\r\nConnection: close\r\n` +
        `Content-Length: ${parts.reduce((sum, part) => sum + part.length, 0)}\r\n`,
    );
    const type = head.startsWith('PUT') ? 'application/octet-stream' : 'application/json';
    socket.write(`Content-Type: ${type}\r\n\r\n`);
    const ended = once(socket, 'close');
    for (const part of parts) {
      if (socket.destroyed) break;
      socket.write(part);
      await sleep(everyMs);
    }
    await ended;
    return answer.split('\r\n')[0] ?? '';
  };
  const parts = Array.from({ length: 6 }, (_, index) => bytes.subarray(index * 10_000, (index + 1) * 10_000));
  const upload = send(`PUT /api/v1/firmware/env-sensor/2.0.0?sha256=${sha256}`, parts, 2_300);
  const slow = send(
    'POST /api/v1/notices',
    ['{', ' ', ' ', ' ', ' ', ' ', '}'].map((text) => Buffer.from(text)),
    2_300,
  );
  assert.match(await slow, /^HTTP\/1.1 408/);
  assert.match(await upload, /^HTTP\/1.1 20[01]/);
});
