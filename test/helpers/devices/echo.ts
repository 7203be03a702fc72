/**
 * An echo server of the device listener's own WebSocket server and sockets, for conformance suites of RFC 6455:
 * `node test/helpers/echo.ts PORT`. It answers each message with itself; no credentials, no subprotocol needed.
 */

import type { AddressInfo } from 'node:net';
import { DeviceWebSocket } from '../../../hub/adapters/websocket/device-web-socket.ts';
import { createSocketServer, createWebServer } from '../../../hub/adapters/websocket/upgrade-server.ts';

export interface EchoServer {
  port: number;
  close(): Promise<void>;
}

/** @param port 0: any free one, on 127.0.0.1 */
export async function startEcho(port: number): Promise<EchoServer> {
  const sockets = createSocketServer(DeviceWebSocket);
  const server = createWebServer(undefined);
  const open = new Set<DeviceWebSocket>();
  server.on('upgrade', (request, socket, head) => {
    socket.on('error', () => socket.destroy());
    sockets.handleUpgrade(request, socket, head, (opened) => {
      const ws = opened as DeviceWebSocket;
      open.add(ws);
      ws.over(socket);
      ws.events = {
        text: (text) => ws.send(text),
        // A copy: the socket may still hold it when the next message comes.
        binary: (bytes) => ws.send(Buffer.from(bytes)),
        pinged: () => undefined,
        pong: () => undefined,
        // ws closes with the right code itself.
        fault: () => undefined,
        closed: () => void open.delete(ws),
      };
    });
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close() {
      for (const ws of open) ws.terminate();
      return new Promise((resolve) => {
        server.close(() => resolve());
      });
    },
  };
}

if (import.meta.main) {
  const { port } = await startEcho(Number(process.argv[2] ?? 9001));
  process.stdout.write(`ws://127.0.0.1:${port}\n`);
}
