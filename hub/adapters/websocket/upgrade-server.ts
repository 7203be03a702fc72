/**
 * The WebSocket server of the device listener, without its rules: options, limits and time limits. Conformance suites
 * run against this server.
 */

import { createServer as createHttpServer } from 'node:http';
import type { Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { SecureContextOptions, TlsOptions } from 'node:tls';
import { WebSocketServer } from 'ws';
import type { ServerOptions, WebSocket } from 'ws';
import { limits } from '../../../schemas/index.ts';
import { subprotocols } from '../../../schemas/limits.ts';
import { HubError } from '../../kernel/errors.ts';
import { asksForWebSocket, countRequests } from '../asks-for-websocket.ts';

export const devicePath = '/v1/device';
/** Those the hub speaks. */
export const spoken: readonly string[] = Object.values(subprotocols);

/** Fields of a request's header. */
export const maxHeaders = 50;
const upgradeTimeoutMs = 10_000;
/** How long a device may take to answer the hub's close frame (RFC 6455 §7.1.1). */
const closeTimeoutMs = 5_000;

/** `closeTimeout` is newer than the type declarations of ws. */
const serverOptions: ServerOptions & { closeTimeout: number } = {
  noServer: true,
  maxPayload: limits.frameBytes,
  maxFragments: 64,
  perMessageDeflate: false,
  clientTracking: false,
  closeTimeout: closeTimeoutMs,
  // RFC 6455 §4.2.2: a subprotocol that was not offered is not answered, so a page's credential is never echoed.
  // Of several of ours, the device prefers the first.
  handleProtocols: (offered) => [...offered].find((name) => spoken.includes(name)) ?? false,
};

/** Takes the upgrades; `Socket` is the class of the sockets that it creates. */
export function createSocketServer(Socket: typeof WebSocket): WebSocketServer {
  return new WebSocketServer({ ...serverOptions, WebSocket: Socket });
}

/** @throws HubError `tls-invalid` */
export function createWebServer(tls: (TlsOptions & SecureContextOptions) | undefined): Server {
  const http = {
    headersTimeout: upgradeTimeoutMs,
    requestTimeout: upgradeTimeoutMs,
    connectionsCheckingInterval: 2_000,
    maxHeaderSize: 8_192,
    noDelay: true,
    shouldUpgradeCallback: asksForWebSocket,
  };
  try {
    const server = tls === undefined ? createHttpServer(http) : createHttpsServer({ ...http, ...tls });
    server.maxHeadersCount = maxHeaders;
    countRequests(server);
    return server;
  } catch (error) {
    throw new HubError('tls-invalid', 'the key and certificate were not accepted', { cause: error });
  }
}
