/** Where other hubs ask this one: the operators' API over HTTPS, for whoever knows the token that stands in the shared state. */

import { randomBytes } from 'node:crypto';
import { createServer } from 'node:https';
import { hostname } from 'node:os';
import type { FastifyInstance } from 'fastify';
import type { PeerAddress } from '../../cluster/peers.ts';
import { areEqualSecrets } from '../../kernel/equal-secrets.ts';
import { HubError } from '../../kernel/errors.ts';
import type { ListenAddress } from '../../kernel/listener-address.ts';
import type { Log } from '../../kernel/log.ts';
import { askerHeader, askerOf } from '../asker-header.ts';
import { formatAddress, listenFault, listenOn } from '../listen-address.ts';
import { adminApp } from './admin-app.ts';
import { gracefulClose } from './graceful-close.ts';
import { grant, recordChanges, type Access } from './operator-login.ts';

export interface PeerDoorDeps {
  log: Log;
  access: Access;
  serveApi: (app: FastifyInstance) => void;
  /** @throws HubError `other-hub` when the request is not for this hub any more */
  demandHere: (route: string) => void;
}

export interface PeerDoorOptions {
  listen: ListenAddress;
  /** PEM. */
  key: string;
  cert: string;
}

export interface PeerDoor {
  /** Where other hubs of the same network reach it. */
  url: string;
  token: PeerAddress['token'];
  close(): Promise<void>;
}

const closeGraceMs = 1_000;

/** @throws HubError `address-in-use` · `config-invalid` */
export async function openPeerDoor(
  { log, access, serveApi, demandHere }: PeerDoorDeps,
  { listen, key, cert }: PeerDoorOptions,
): Promise<PeerDoor> {
  const token = randomBytes(32).toString('base64url');
  const app = await adminApp({
    log,
    // All that is used of a server is the same over TLS.
    makeServer: (handler, options) => createServer({ ...options, key, cert }, handler),
  });
  app.addHook('onRequest', async (request) => {
    const { authorization = '' } = request.headers;
    const { [askerHeader]: asker } = request.headers;
    if (!areEqualSecrets(token, authorization.replace('Bearer ', '')) || typeof asker !== 'string')
      throw new HubError('unauthorized', 'this listener is for other hubs');
    if (request.is404) return;
    const { operator, origin } = askerOf(asker);
    request.ofPeer = true;
    request.origin = origin === 'cli' || origin === 'mqtt' ? origin : 'http';
    grant(request, access, operator);
    demandHere(request.routeOptions.url ?? '');
  });
  recordChanges(app, access.audit, 'http');
  serveApi(app);
  const close = gracefulClose(app.server, closeGraceMs);
  await app.ready();
  await listenOn(app.server, { host: listen.host, port: listen.port }).catch(async (error: unknown) => {
    await app.close();
    throw listenFault(error, listen, 'HUB_PEER_LISTEN');
  });
  const address = app.server.address();
  const port = typeof address === 'object' && address !== null ? address.port : listen.port;
  const host = listen.host === '0.0.0.0' || listen.host === '::' ? hostname() : listen.host;
  const url = `https://${formatAddress({ host, port })}`;
  return { url, token, close: () => close(() => app.close()) };
}
