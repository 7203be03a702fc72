/**
 * The admin side of the hub: health, metrics, the operators' API and the console over TCP; the API also on a socket of the
 * data folder.
 */

import type { FastifyInstance } from 'fastify';
import { adminApp } from './admin-app.ts';
import type { Elsewhere } from '../../cluster/request-place.ts';
import { sendElsewhere } from './elsewhere.ts';
import { demandLogin, trustLocal, type Access } from './operator-login.ts';
import { refuseUnknownHosts } from './known-host.ts';
import { gracefulClose } from './graceful-close.ts';
import { serveConsole } from './console-files.ts';
import { serveHealth, type HealthDeps } from './routes/health-routes.ts';
import { serveSessions } from './session-routes.ts';
import { listenFault, listenOn, ownOrigins, reachableAddress } from '../listen-address.ts';
import type { ListenAddress } from '../../kernel/listener-address.ts';
import { trustedProxies } from '../client-address.ts';
import { limitSockets, type DropCounters } from '../socket-limits.ts';
import { listenOnSocket } from './admin-socket.ts';

/** When the hub stops, a request under way has this long to finish, ms. */
const closeGraceMs = 3_000;

/** Connections to the TCP listener on which nobody has proved who it is: the oldest goes when there are too many. */
const socketLimits = {
  maxPerAddress: Infinity,
  maxPendingPerAddress: 500,
  maxPending: 1_000,
  /** The server has times of its own for a request. */
  pendingMs: Infinity,
  isTrusted: () => false,
};

export interface AdminDeps extends HealthDeps {
  /** Adds the routes of the operators' API; called once for each listener that serves it. */
  serveApi: (app: FastifyInstance) => void;
  /** Hubs that are one with this one. */
  elsewhere?: Elsewhere | undefined;
  /** Not given: the operators' API is served on the socket alone. */
  access?: Access;
  /** Where devices connect: the playground of the console is one. */
  deviceUrl?: string;
  /** Where the web console is built to; not given: it is not served. */
  consoleDir?: string;
}

export interface AdminOptions {
  listen: ListenAddress;
  /** Proxies whose `X-Forwarded-For` is believed. */
  trustedProxies?: readonly string[];
  /** Connections on which nobody has signed in yet, of one address; of a proxy, all together. */
  maxPendingPerAddress?: number;
  /** `hub.sock` in the data folder. */
  socketPath: string;
}

export interface Admin {
  /** Of the TCP listener, with the real port. */
  url: string;
  /** Its sockets that were cut. */
  drops: Readonly<DropCounters>;
  /** Requests that it refused, by HTTP status. */
  refusals: Readonly<Record<string, number>>;
  /** Lets requests under way finish, then frees the port and removes the socket file. */
  close(): Promise<void>;
}

/**
 * Starts both listeners, or neither.
 *
 * `/api/v1/…` is served on the Unix socket, where who may open the hub's files may do everything, and over TCP
 * to whoever has signed in, as far as the role goes.
 * @throws HubError `address-in-use` · `config-invalid` · `data-dir-in-use` · `data-dir-invalid`
 */
export async function startAdmin(deps: AdminDeps, options: AdminOptions): Promise<Admin> {
  const { listen, socketPath } = options;
  const tcp = await adminApp({ ...deps, trustProxy: trustedProxies(options.trustedProxies ?? []) });
  const limiter = limitSockets(tcp.server, {
    ...socketLimits,
    maxPendingPerAddress: options.maxPendingPerAddress ?? socketLimits.maxPendingPerAddress,
  });
  const refusals = countRefusals(tcp);
  refuseUnknownHosts(tcp, deps.access?.origins ?? ((port) => ownOrigins(listen.host, port)));
  serveHealth(tcp, deps);
  const local = await adminApp(deps);
  serveHealth(local, deps);
  if (deps.access !== undefined) {
    trustLocal(local, deps.access);
    demandLogin(tcp, deps.access, limiter.proved);
    serveSessions(tcp, deps.access);
    deps.serveApi(tcp);
  }
  if (deps.elsewhere !== undefined) for (const app of [tcp, local]) sendElsewhere(app, deps.elsewhere);
  if (deps.consoleDir !== undefined) serveConsole(tcp, deps.consoleDir);
  deps.serveApi(local);

  const closeTcp = gracefulClose(tcp.server, closeGraceMs);
  const closeLocal = gracefulClose(local.server, closeGraceMs);
  let removeSocket: (() => Promise<void>) | undefined;
  const close = async (): Promise<void> => {
    // The file goes first: a command line that comes now sees no hub instead of a refused connection.
    await removeSocket?.();
    limiter.close();
    await Promise.all([closeTcp(() => tcp.close()), closeLocal(() => local.close())]);
  };
  try {
    await local.ready();
    removeSocket = await listenOnSocket(local.server, socketPath);
    await tcp.ready();
    // Not fastify's own listen: for `localhost` it opens a second server beside the one that is closed here.
    await listenOn(tcp.server, { host: listen.host, port: listen.port }).catch((error: unknown) => {
      throw listenFault(error, listen, 'HUB_ADMIN_LISTEN');
    });
  } catch (error) {
    await close();
    throw error;
  }
  const address = tcp.server.address();
  const port = typeof address === 'object' && address !== null ? address.port : listen.port;
  const url = `http://${reachableAddress({ host: listen.host, port })}`;
  return { url, drops: limiter.drops, refusals, close };
}

function countRefusals(app: FastifyInstance): Record<string, number> {
  const refusals: Record<string, number> = {};
  app.addHook('onResponse', async (_request, { statusCode }) => {
    if (statusCode >= 400) refusals[statusCode] = (refusals[statusCode] ?? 0) + 1;
  });
  return refusals;
}
