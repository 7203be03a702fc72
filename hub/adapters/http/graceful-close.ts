/** Closing an HTTP server without waiting for those who have nothing to say. */

import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/**
 * Watches the connections of `server`.
 * @param graceMs how long a request under way may take once `close` is called
 * @returns a close: refuses new connections, cuts those without a request at once (Node's own close waits for a
 * connection on which none ever began), lets the others finish, and cuts what is left after the grace
 */
export function gracefulClose(
  server: Server,
  graceMs: number,
): (close: () => Promise<void>) => Promise<void> {
  const unused = new Set<Socket>();
  server.on('connection', (socket) => {
    unused.add(socket);
    socket.once('close', () => unused.delete(socket));
  });
  server.on('request', (request) => unused.delete(request.socket));
  // What an upgrade has taken is closed by whoever took it, in its own way.
  server.on('upgrade', (request) => unused.delete(request.socket));
  return async (close) => {
    const closed = close();
    for (const socket of unused) socket.destroy();
    const grace = setTimeout(() => server.closeAllConnections(), graceMs);
    try {
      await closed;
    } finally {
      clearTimeout(grace);
    }
  };
}
