import type { IncomingMessage } from 'node:http';

/**
 * Whether a request is to be upgraded. Any other upgrade (`h2c`, which some clients offer with every request) is
 * ignored, and so is one in HTTP/1.0 (RFC 9110 §7.8): the request is answered as if it had not asked.
 */
export function asksForWebSocket({ headers, httpVersion }: IncomingMessage): boolean {
  return httpVersion === '1.1' && headers.upgrade?.toLowerCase() === 'websocket';
}
