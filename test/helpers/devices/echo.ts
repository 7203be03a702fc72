/**
 * An echo server on the device listener's own WebSocket server, for conformance suites of RFC 6455:
 * `node test/helpers/echo.ts PORT`. It answers each message with itself; no credentials, no subprotocol needed.
 */

import type { AddressInfo } from 'node:net';
import { WebSocket } from 'ws';
import { createSocketServer, createWebServer } from '../../../hub/adapters/websocket/upgrade-server.ts';

export interface EchoServer {
  port: number;
  close(): Promise<void>;
}

/** @param port 0: any free one, on 127.0.0.1 */
export async function startEcho(port: number): Promise<EchoServer> {
  const sockets = createSocketServer(WebSocket);
  const server = createWebServer(undefined);
  const open = new Set<WebSocket>();
  server.on('upgrade', (request, socket, head) => {
    socket.on('error', () => socket.destroy());
    sockets.handleUpgrade(request, socket, head, (ws) => {
      open.add(ws);
      ws.on('close', () => open.delete(ws));
      // ws closes with the right code itself.
      ws.on('error', () => {});
      ws.on('message', (data, isBinary) => ws.send(data, { binary: isBinary }));
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
