/** Closes an HTTP server without waiting for idle connections. */

import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/**
 * Watches the connections of `server`.
 * @param graceMs how long a request in progress may take once `close` is called
 * @returns a close function. It refuses new connections and immediately cuts those without a request (Node's own close
 * waits for a connection on which none ever began). It lets the others finish, and cuts what is left after the grace.
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
  // An upgraded connection is closed by the code that took it over.
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
