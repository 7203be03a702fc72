/** The live feed over a WebSocket: `GET /api/v1/live`. */

import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import fastifyWebsocket, { type WebSocket } from '@fastify/websocket';
import type { FastifyInstance } from 'fastify';
import { liveApi } from '../../../../schemas/api/live.ts';
import { roleOf } from '../../../../schemas/api/operation.ts';
import type { LiveFeed } from '../../../admin/live-feed.ts';
import type { LiveViewer } from '../../../admin/live-subscriber.ts';
import type { PeerFeed, WatchPeers } from '../../../cluster/peers.ts';
import { HubError } from '../../../kernel/errors.ts';
import { asksForWebSocket } from '../../asks-for-websocket.ts';
import { requesterOf } from './command-routes.ts';
import { MergedFeed } from './merged-feed.ts';

/** Twenty topics with the longest ids take a tenth of it. */
const maxMessageBytes = 16_384;
const pingEveryMs = 20_000;
/** How long a socket has to answer the close of a hub that stops. */
const closeGraceMs = 1_000;

/**
 * Whether a request is to be upgraded. Every other path ignores the wish (RFC 9110 §7.8), so that what it answers ends
 * as any answer does: Node lets go of a connection that was upgraded, and nobody would ever close it.
 */
export function asksForLive(request: IncomingMessage): boolean {
  return asksForWebSocket(request) && request.url?.split('?', 1)[0] === liveApi.watchLive.path;
}

/**
 * Makes `app` take WebSocket upgrades. To be awaited before any route is added: it looks at each of them.
 * @param refuse answers a handshake that is none, and closes the connection
 */
export async function takeUpgrades(
  app: FastifyInstance,
  refuse: (error: Error, socket: Duplex) => void,
): Promise<void> {
  await app.register(fastifyWebsocket, {
    options: { maxPayload: maxMessageBytes, perMessageDeflate: false },
    // A broken link is not the hub's fault; `close` reports it.
    errorHandler: (_error, socket) => socket.terminate(),
    preClose(done) {
      const { clients } = this.websocketServer;
      for (const client of clients) client.close(1001, 'the hub is stopping');
      const timer = setTimeout(() => {
        for (const client of clients) client.terminate();
      }, closeGraceMs);
      this.websocketServer.close(() => clearTimeout(timer));
      done();
    },
  });
  app.websocketServer.on('wsClientError', refuse);
}

/**
 * Adds `/api/v1/live` to `app`, which takes upgrades.
 * @param watchElsewhere the live feeds of other hubs, which have other devices; not given: there are none
 */
export function serveLive(app: FastifyInstance, feed: LiveFeed, watchElsewhere?: WatchPeers): void {
  const operation = liveApi.watchLive;
  app.route({
    method: operation.method,
    url: operation.path,
    config: { needs: roleOf(operation), checksOrigin: true },
    handler: (_request, reply) => {
      reply.header('upgrade', 'websocket');
      throw new HubError('upgrade-required');
    },
    wsHandler: (socket, request) => {
      const { mayShow, stillHolds = () => true, ofPeer, operator, origin = 'http' } = request;
      const viewer = { requester: requesterOf(request), mayShow, holds: stillHolds, ofPeer };
      const send = inOneWrite(socket, request.raw.socket);
      const watch =
        ofPeer === true || operator === undefined
          ? undefined
          : (message: (hub: string, text: string) => void) => watchElsewhere?.({ operator, origin }, message);
      join(feed, { socket, send }, viewer, watch);
    },
  });
}

/** What is sent in one turn leaves in one write, which costs more than making most messages. */
function inOneWrite(socket: WebSocket, tcp: Socket): (text: string) => void {
  let corked = false;
  return (text) => {
    if (!corked) {
      corked = true;
      tcp.cork();
      process.nextTick(() => {
        corked = false;
        tcp.uncork();
      });
    }
    socket.send(text);
  };
}

function join(
  feed: LiveFeed,
  { socket, send }: { socket: WebSocket; send: (text: string) => void },
  viewer: LiveViewer,
  watchElsewhere?: (message: (hub: string, text: string) => void) => PeerFeed | undefined,
): void {
  const merged = new MergedFeed(send);
  const others = watchElsewhere?.((hub, text) => merged.ofOther(hub, text));
  const connection = feed.connect(viewer, {
    get bufferedBytes() {
      return socket.bufferedAmount;
    },
    send: others === undefined ? send : (text) => merged.own(text),
    close: (code, reason) => socket.close(code, reason),
  });
  let answered = true;
  const pings = setInterval(() => {
    if (!answered) socket.terminate();
    answered = false;
    socket.ping();
  }, pingEveryMs);
  socket.on('pong', () => {
    answered = true;
  });
  socket.on('message', (data: Buffer, isBinary: boolean) => {
    if (isBinary) socket.close(1003, 'text alone');
    else {
      connection.message(data.toString());
      others?.send(data.toString());
    }
  });
  socket.on('close', () => {
    clearInterval(pings);
    others?.close();
    connection.closed();
  });
}
