import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';

/** How many requests of a connection are not answered yet. */
const unanswered = new WeakMap<Duplex, number>();

/** Lets `asksForWebSocket` know which connections of the server wait for an answer. */
export function countRequests(server: Server): void {
  server.prependListener('request', ({ socket }, response) => {
    unanswered.set(socket, (unanswered.get(socket) ?? 0) + 1);
    response.once('close', () => {
      const left = (unanswered.get(socket) ?? 1) - 1;
      if (left > 0) unanswered.set(socket, left);
      else unanswered.delete(socket);
    });
  });
}

/**
 * Whether a request is to be upgraded. Any other upgrade (`h2c`, which some clients offer with every request) is
 * ignored, and so is one in HTTP/1.0 (RFC 9110 §7.8): the request is answered as if it had not asked. So is one that comes
 * before earlier requests of its connection are answered: the answers must keep their order (RFC 9112 §9.3.2), and Node hands
 * an upgrade over at once.
 */
export function asksForWebSocket({ headers, httpVersion, socket }: IncomingMessage): boolean {
  return httpVersion === '1.1' && headers.upgrade?.toLowerCase() === 'websocket' && !unanswered.has(socket);
}
