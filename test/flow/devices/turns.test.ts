import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import {
  startDeviceListener,
  type DeviceListenerDeps,
} from '../../../hub/adapters/websocket/device-listener.ts';
import { wireFrame } from '../../helpers/devices/raw-websocket.ts';
import { basic, upgradeText } from '../../helpers/devices/raw-http.ts';
import { silentLog } from '../../helpers/silent-log.ts';
import { waitFor } from '../../helpers/wait-for.ts';

const frames = 40_000;
const frame = wireFrame(1, 'x'.repeat(100));
/** Node reads 64 KiB of a socket at a time, and what is read by then is handled too. */
const framesOfTwoReads = (2 * 65_536) / frame.length;

test('a device that sends as fast as it can is heard in turn with all others', async (t) => {
  let handled = 0;
  const deps = {
    log: silentLog,
    authenticate: () => ({ kind: 'device', record: { id: 'd-1' }, principal: {} }),
    admit: () => ({ kind: 'admitted' }),
    connect: () => ({
      text: () => (handled += 1),
      binary: () => undefined,
      pinged: () => undefined,
      pong: () => undefined,
      fault: () => undefined,
      closed: () => undefined,
    }),
    refused: () => undefined,
  } as unknown as DeviceListenerDeps;
  const listener = await startDeviceListener(deps, {
    listen: { host: '127.0.0.1', port: 0 },
    tls: undefined,
    allowedOrigins: [],
    maxConnections: 10,
    maxSocketsPerAddress: 10,
    maxPendingPerAddress: 10,
    trustedProxies: [],
  });
  const socket = connect(listener.port, '127.0.0.1');
  t.after(async () => {
    socket.destroy();
    await listener.close();
  });
  socket.write(upgradeText({ Authorization: basic('d-1', 'secret') }));
  await once(socket, 'data');
  socket.write(Buffer.concat(Array.from({ length: frames }, () => frame)));
  let most = 0;
  let before = 0;
  const turn = (): void => {
    most = Math.max(most, handled - before);
    before = handled;
    if (handled < frames) setImmediate(turn);
  };
  turn();
  await waitFor(() => handled === frames, { what: 'every frame is handled', timeoutMs: 20_000 });
  assert.ok(most <= framesOfTwoReads + 1, `${most} frames of one device were handled in one turn`);
});
