import { createServer as createHttpServer, STATUS_CODES } from 'node:http';
import type { IncomingMessage, Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { Server as TlsServer, type SecureContextOptions, type TlsOptions } from 'node:tls';
import type { Duplex } from 'node:stream';
import { WebSocket, WebSocketServer } from 'ws';
import type { RawData, ServerOptions } from 'ws';
import { limits } from '../../schemas/index.ts';
import type { DeviceRecord } from '../devices/device-store.ts';
import type { DeviceSocket } from '../devices/outbox.ts';
import type { Enrolled, EnrolmentAsk } from '../devices/enrolment.ts';
import type { Admission } from '../devices/door.ts';
import type { Principal, Proof } from '../devices/principal.ts';
import { HubError } from '../kernel/errors.ts';
import type { Log } from '../kernel/log.ts';
import { clientAddress, networkOf, trustedProxies } from './client-address.ts';
import { listenTcp } from './tcp-listen.ts';
import { answerEnrolment, enrolPath } from './ws-enrolment.ts';
import { limitSockets, type DropCounters } from './ws-limits.ts';
import { proofOf } from './ws-proof.ts';

/** What a socket reports to; a session is one. */
export interface SocketEvents {
  text(text: string): void;
  binary(): void;
  pong(): void;
  closed(): void;
}

export interface DeviceListenerDeps {
  log: Log;
  /** @param network IPv4 address or IPv6 /64 the connection comes from */
  admit: (proof: Proof, network: string) => Admission;
  /** A device without an identity asks for one. */
  enrol: (ask: EnrolmentAsk, network: string) => Promise<Enrolled>;
  /** A device is through: its events from now on. */
  connect: (record: DeviceRecord, socket: DeviceSocket, principal: Principal) => SocketEvents;
}

export interface DeviceListenerOptions {
  listen: { host: string; port: number };
  /** Undefined: plain ws, behind a TLS proxy or on loopback. */
  tls: (TlsOptions & SecureContextOptions) | undefined;
  allowedOrigins: readonly string[];
  /** Open sockets, devices and strangers together; refused with 503 beyond. */
  maxConnections: number;
  /** Limits before authentication, by address. */
  maxSocketsPerAddress: number;
  maxPendingPerAddress: number;
  /** Proxies whose `X-Forwarded-For` is believed. */
  trustedProxies: readonly string[];
}

export interface ListenerCounters {
  connections: number;
  upgrades: number;
  /** Refusals before the upgrade, by HTTP status. */
  refusals: Record<string, number>;
  /** Sockets cut before any answer. */
  drops: Readonly<DropCounters>;
}

export interface DeviceListener {
  /** `wss://host:port/v1/device` */
  url: string;
  port: number;
  counters: ListenerCounters;
  /** Serves this certificate to new connections; those open keep theirs. */
  renewTls(renewed: SecureContextOptions): void;
  /** No further connections; those open go on. */
  stopAccepting(): void;
  /** Drops what is still open. */
  close(): Promise<void>;
}

const devicePath = '/v1/device';
const subprotocol = 'hub.v1.json';

/** A WebSocket that knows its events, so that no closure a socket is needed on the way of a frame. */
class DeviceWebSocket extends WebSocket {
  events: SocketEvents | undefined;
}

function onMessage(this: WebSocket, data: RawData, isBinary: boolean): void {
  const { events } = this as DeviceWebSocket;
  if (isBinary) events?.binary();
  // A Buffer here is a view on a pooled chunk: made a string at once, never kept.
  else events?.text((data as Buffer).toString());
}

function onPong(this: WebSocket): void {
  (this as DeviceWebSocket).events?.pong();
}

function onClose(this: WebSocket): void {
  (this as DeviceWebSocket).events?.closed();
}

/** ws closes with the right code itself (1002, 1007, 1009); the `close` event follows and is what counts. */
function onError(): void {}

const upgradeTimeoutMs = 10_000;
/** Sockets of everybody whose upgrade is not done. */
const maxPending = 2_000;
/** After our close frame, how long the device may take to answer it (RFC 6455 §7.1.1). */
const closeTimeoutMs = 5_000;

/** `closeTimeout` is newer than the type declarations of ws. */
const serverOptions: ServerOptions<typeof DeviceWebSocket> & { closeTimeout: number } = {
  noServer: true,
  WebSocket: DeviceWebSocket,
  maxPayload: limits.frameBytes,
  maxFragments: 64,
  perMessageDeflate: false,
  clientTracking: false,
  closeTimeout: closeTimeoutMs,
  handleProtocols: () => subprotocol,
};

/**
 * The devices' listener: https, one path, the upgrade with authentication before it. Refusals are plain HTTP
 * answers with a JSON body that says what was wrong.
 * @throws HubError `address-in-use`, `tls-invalid`
 */
export async function startDeviceListener(
  deps: DeviceListenerDeps,
  options: DeviceListenerOptions,
): Promise<DeviceListener> {
  let accepting = true;
  const sockets = new WebSocketServer(serverOptions);
  const server = createServer(options.tls);
  const isTrusted = trustedProxies(options.trustedProxies);
  const limiter = limitSockets(server, {
    maxPerAddress: options.maxSocketsPerAddress,
    maxPendingPerAddress: options.maxPendingPerAddress,
    maxPending,
    pendingMs: upgradeTimeoutMs,
    isTrusted,
  });
  const counters: ListenerCounters = { connections: 0, upgrades: 0, refusals: {}, drops: limiter.drops };
  server.maxConnections = options.maxConnections;

  function refuse(socket: Duplex, answer: Refusal): void {
    countRefusal(counters, answer.status);
    socket.end(httpAnswer(answer));
  }

  const addressOf = (request: IncomingMessage): string =>
    clientAddress(request.socket.remoteAddress, forwardedFor(request), isTrusted);
  serveRequests(
    server,
    (ask, request) => deps.enrol(ask, networkOf(addressOf(request))),
    (status) => countRefusal(counters, status),
  );

  server.on('upgrade', (request, socket, head) => {
    // Before anything else: an error on a socket without a listener would end the process.
    socket.on('error', () => socket.destroy());
    if (!accepting) {
      refuse(socket, refusal(503, 'draining', 'the hub is going away', { 'Retry-After': '2' }));
      return;
    }
    const address = addressOf(request);
    const judged = judgeUpgrade(request, options.allowedOrigins, () =>
      deps.admit(proofOf(request), networkOf(address)),
    );
    if (judged.kind === 'refused') {
      deps.log.debug({ status: judged.refusal.status, address }, 'upgrade refused');
      refuse(socket, judged.refusal);
      return;
    }
    sockets.handleUpgrade(request, socket, head, (opened) => {
      const ws: DeviceWebSocket = opened;
      limiter.upgraded(request.socket);
      counters.upgrades += 1;
      counters.connections += 1;
      ws.on('error', onError);
      ws.on('message', onMessage);
      ws.on('pong', onPong);
      ws.on('close', onClose);
      ws.on('close', () => {
        counters.connections -= 1;
      });
      ws.events = deps.connect(judged.record, ws, judged.principal);
    });
  });
  answerFaults(server, sockets, refuse);

  const { port } = await listenTcp(server, options.listen, 'HUB_DEVICE_LISTEN');
  const scheme = options.tls === undefined ? 'ws' : 'wss';
  return {
    url: `${scheme}://${hostOf(options.listen.host)}:${port}${devicePath}`,
    port,
    counters,
    renewTls(renewed) {
      if (server instanceof TlsServer) server.setSecureContext(renewed);
    },
    stopAccepting() {
      accepting = false;
    },
    close() {
      return new Promise((resolve) => {
        limiter.close();
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}

function countRefusal({ refusals }: ListenerCounters, status: number): void {
  refusals[String(status)] = (refusals[String(status)] ?? 0) + 1;
}

/** Requests that are no upgrade: enrolment, and refusals. */
function serveRequests(
  server: Server,
  enrol: (ask: EnrolmentAsk, request: IncomingMessage) => Promise<Enrolled>,
  counted: (status: number) => void,
): void {
  server.on('request', (request, response) => {
    if (pathOf(request) === enrolPath && request.method === 'POST') {
      void answerEnrolment(request, response, (ask) => enrol(ask, request), counted);
      return;
    }
    const { status, body, headers } = judgeRequest(request);
    counted(status);
    response
      .writeHead(status, { ...headers, 'Content-Type': 'application/json', Connection: 'close' })
      .end(body);
  });
}

/** What ws, Node's parser or TLS refuses. */
function answerFaults(
  server: Server,
  sockets: Pick<WebSocketServer, 'on'>,
  refuse: (socket: Duplex, answer: Refusal) => void,
): void {
  // A handshake ws itself refuses (version, key): the same form of answer as ours.
  sockets.on('wsClientError', (error: Error, socket: Duplex) =>
    refuse(socket, refusal(400, 'bad-handshake', error.message)),
  );
  // What Node's parser refuses gets our form of answer, and is counted like any other refusal.
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    if (error.code === 'ECONNRESET' || !socket.writable) socket.destroy();
    else refuse(socket, parserRefusal(error.code));
  });
  server.on('tlsClientError', (_error, socket) => socket.destroy());
}

function createServer(tls: (TlsOptions & SecureContextOptions) | undefined): Server {
  const http = {
    headersTimeout: upgradeTimeoutMs,
    requestTimeout: upgradeTimeoutMs,
    connectionsCheckingInterval: 2_000,
    maxHeaderSize: 8_192,
    noDelay: true,
  };
  try {
    const server = tls === undefined ? createHttpServer(http) : createHttpsServer({ ...http, ...tls });
    server.maxHeadersCount = 50;
    return server;
  } catch (error) {
    throw new HubError('tls-invalid', 'the key and certificate were not accepted', { cause: error });
  }
}

interface Refusal {
  status: number;
  body: string;
  headers: Readonly<Record<string, string>>;
}

function refusal(
  status: number,
  code: string,
  message: string,
  headers: Record<string, string> = {},
): Refusal {
  return { status, body: `${JSON.stringify({ error: { code, message } })}\n`, headers };
}

function parserRefusal(code: string | undefined): Refusal {
  if (code === 'HPE_HEADER_OVERFLOW') return refusal(431, 'header-too-large', 'at most 8 KB of header');
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return refusal(408, 'too-slow', 'the request took too long');
  return refusal(400, 'bad-request', 'this is not HTTP');
}

function httpAnswer({ status, body, headers }: Refusal): string {
  const lines = Object.entries({
    ...headers,
    Connection: 'close',
    'Content-Type': 'application/json',
    'Content-Length': String(Buffer.byteLength(body)),
  }).map(([name, value]) => `${name}: ${value}`);
  return `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${lines.join('\r\n')}\r\n\r\n${body}`;
}

/** A request that is no upgrade (RFC 9110 §15.5.22). */
function judgeRequest(request: IncomingMessage): Refusal {
  if (pathOf(request) !== devicePath) return refusal(404, 'not-found', `devices connect to ${devicePath}`);
  return refusal(426, 'upgrade-required', 'this address speaks WebSocket only', { Upgrade: 'websocket' });
}

function refused(...given: Parameters<typeof refusal>): { kind: 'refused'; refusal: Refusal } {
  return { kind: 'refused', refusal: refusal(...given) };
}

function judgeUpgrade(
  request: IncomingMessage,
  allowedOrigins: readonly string[],
  admit: () => Admission,
): { kind: 'device'; record: DeviceRecord; principal: Principal } | { kind: 'refused'; refusal: Refusal } {
  const { headers } = request;
  if (pathOf(request) !== devicePath) return refused(404, 'not-found', `devices connect to ${devicePath}`);
  if (request.url?.includes('?') === true) {
    return refused(
      400,
      'bad-request',
      'the address takes no query: credentials go into the Authorization header',
    );
  }
  if (headers.upgrade?.toLowerCase() !== 'websocket') {
    return refused(426, 'upgrade-required', 'this address speaks WebSocket only', { Upgrade: 'websocket' });
  }
  // RFC 6455 §4.2.2: version 13 or the list of those we speak.
  if (headers['sec-websocket-version'] !== '13') {
    return refused(426, 'bad-version', 'WebSocket version 13 only', { 'Sec-WebSocket-Version': '13' });
  }
  if (headers.origin !== undefined && !allowedOrigins.includes(headers.origin)) {
    return refused(403, 'origin', 'connections from this origin are not allowed (HUB_ALLOWED_ORIGINS)');
  }
  const offered = headers['sec-websocket-protocol']?.split(',').map((name) => name.trim()) ?? [];
  if (!offered.includes(subprotocol)) {
    return refused(400, 'subprotocol', `offer one of these in Sec-WebSocket-Protocol: ${subprotocol}`);
  }
  const admission = admit();
  switch (admission.kind) {
    case 'device':
      return admission;
    case 'throttled':
      return refused(429, 'too-many-attempts', 'too many failed attempts from this address or at this id', {
        'Retry-After': String(admission.retryAfterSec),
      });
    case 'disabled':
      return refused(403, 'disabled', 'this device is disabled');
    case 'denied':
      return refused(401, 'unauthorized', 'the device id or its credential is wrong', {
        'WWW-Authenticate': 'Basic realm="devices"',
      });
  }
}

function forwardedFor({ headers }: IncomingMessage): string | undefined {
  const header = headers['x-forwarded-for'];
  return Array.isArray(header) ? header.join(',') : header;
}

function pathOf(request: IncomingMessage): string {
  return request.url?.split('?', 1)[0] ?? '';
}

function hostOf(host: string): string {
  if (host === '0.0.0.0' || host === '::') return 'localhost';
  return host.includes(':') ? `[${host}]` : host;
}
