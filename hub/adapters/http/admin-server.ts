/**
 * The admin side of the hub: health, metrics, the operators' API and the console over TCP; the API also on a socket of the
 * data folder.
 */

import helmet from '@fastify/helmet';
import { fastify, type FastifyInstance, type FastifyRequest } from 'fastify';
import { cutText } from '../../../schemas/cut-text.ts';
import { faultText } from '../../../schemas/field-error.ts';
import { readJson } from '../../../schemas/json-text.ts';
import { HubError } from '../../kernel/errors.ts';
import { demandLogin, trustLocal, type Access } from './operator-login.ts';
import { answerFaults, refuseConnection, refuseHandshake, refuseRequest } from './error-answers.ts';
import { refuseUnknownHosts } from './known-host.ts';
import { gracefulClose } from './graceful-close.ts';
import { serveConsole } from './console-files.ts';
import { asksForLive, takeUpgrades } from './routes/live-routes.ts';
import { serveHealth, type HealthDeps } from './routes/health-routes.ts';
import { serveSessions } from './session-routes.ts';
import { listenFault, listenOn, ownOrigins, reachableAddress } from '../listen-address.ts';
import type { ListenAddress } from '../../kernel/listener-address.ts';
import { trustedProxies } from '../client-address.ts';
import { limitSockets, type DropCounters } from '../socket-limits.ts';
import { validateRequests } from './request-validation.ts';
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

/** Longer parts of a path are refused before a route is looked for. */
const maxParamChars = 1_024;

/** The browser runs, shows and requests only files of this server, nothing inline, and nobody may frame the page. */
const policy = {
  defaultSrc: ["'self'"],
  scriptSrc: ["'self'"],
  styleSrc: ["'self'"],
  fontSrc: ["'self'"],
  imgSrc: ["'self'", 'data:'],
  objectSrc: ["'none'"],
  frameAncestors: ["'none'"],
  baseUri: ["'none'"],
  formAction: ["'self'"],
};

export interface AdminDeps extends HealthDeps {
  /** Adds the routes of the operators' API; called once for each listener that serves it. */
  serveApi: (app: FastifyInstance) => void;
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
  const tcp = await server(deps, trustedProxies(options.trustedProxies ?? []));
  const limiter = limitSockets(tcp.server, {
    ...socketLimits,
    maxPendingPerAddress: options.maxPendingPerAddress ?? socketLimits.maxPendingPerAddress,
  });
  const refusals = countRefusals(tcp);
  refuseUnknownHosts(tcp, deps.access?.origins ?? ((port) => ownOrigins(listen.host, port)));
  serveHealth(tcp, deps);
  const local = await server(deps);
  serveHealth(local, deps);
  if (deps.access !== undefined) {
    trustLocal(local, deps.access);
    demandLogin(tcp, deps.access, limiter.proved);
    serveSessions(tcp, deps.access);
    deps.serveApi(tcp);
  }
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

/**
 * What the console may connect to beside its own server: the device listener on the same host, as a page that plays a device does.
 * @param host of the request
 */
function deviceSources(deviceUrl: string | undefined, host = ''): string {
  if (deviceUrl === undefined || !URL.canParse(`http://${host}`)) return '';
  const { hostname } = new URL(`http://${host}`);
  const { port } = new URL(deviceUrl);
  // A proxy before it may add TLS.
  return /^[\w.:[\]-]+$/.test(hostname) ? `ws://${hostname}:${port} wss://${hostname}:${port}` : '';
}

async function server(
  { log, deviceUrl }: Pick<AdminDeps, 'log' | 'deviceUrl'>,
  trustProxy?: (address: string) => boolean,
): Promise<FastifyInstance> {
  const app = fastify({
    ...(trustProxy === undefined ? {} : { trustProxy }),
    // Node's own refusal of a missing Host has no body: `refuseUnknownHosts` gives the reason.
    http: { shouldUpgradeCallback: asksForLive, requireHostHeader: false },
    logger: false,
    bodyLimit: 1_048_576,
    requestTimeout: 10_000,
    keepAliveTimeout: 5_000,
    // What is too long for an id is for the operation's own schema to say.
    routerOptions: { maxParamLength: maxParamChars },
    frameworkErrors: refuseRequest,
    clientErrorHandler: refuseConnection,
  });
  await app.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        ...policy,
        connectSrc: ["'self'", ({ headers }) => deviceSources(deviceUrl, headers.host)],
      },
    },
    // This listener speaks plain HTTP (RFC 6797 §7.2); a proxy before it speaks for its own name, and no other's.
    strictTransportSecurity: false,
  });
  await takeUpgrades(app, refuseHandshake);
  answerFaults(app, log);
  validateRequests(app);
  readBodies(app);
  return app;
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Bodies are JSON in UTF-8 and nothing else. `__proto__` is a name like any other, and Fastify's own reading would refuse it. */
function readBodies(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error');
  app.addHook('preParsing', (request, _reply, body, done) => done(codingFault(request) ?? null, body));
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    const text = textOf(Buffer.from(body));
    const fault =
      text === undefined ? new HubError('input-invalid', 'the body must be UTF-8') : bodyFault(text);
    if (fault !== undefined) done(fault);
    else void parse(request, text ?? '', done);
  });
}

/** A compressed body, or one in another character set, is refused for that (RFC 9110 §15.5.16), not as broken JSON. */
function codingFault({ headers }: FastifyRequest): HubError | undefined {
  const { 'content-encoding': coding = 'identity', 'content-type': type = '' } = headers;
  if (coding !== 'identity')
    return new HubError(
      'content-type-unsupported',
      `content-encoding ${cutText(coding, 64)}; send it as it is`,
    );
  const charset = /;\s*charset="?(?<name>[^\s;"]*)/i.exec(type)?.groups?.['name'] ?? 'utf-8';
  if (/^utf-?8$/i.test(charset) || /^us-ascii$/i.test(charset)) return undefined;
  return new HubError(
    'content-type-unsupported',
    `charset ${cutText(charset, 64)}; JSON is UTF-8 (RFC 8259 §8.1)`,
  );
}

function textOf(body: Buffer): string | undefined {
  try {
    return utf8.decode(body);
  } catch {
    return undefined;
  }
}

/** Undefined for no body too: that is for the route to say. */
function bodyFault(text: string): HubError | undefined {
  if (text === '') return undefined;
  const json = readJson(text);
  const errors = json.kind === 'read' ? (json.faults ?? []) : [json.fault];
  const [first] = errors;
  if (first === undefined) return undefined;
  return new HubError('input-invalid', faultText({ ...first, path: `body${first.path}` }), {
    details: { errors },
  });
}
