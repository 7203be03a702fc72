import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { Server as TlsServer } from 'node:https';
import type { SecureContextOptions, TlsOptions } from 'node:tls';
import { TLSSocket } from 'node:tls';
import type { Duplex } from 'node:stream';
import type { Admitted } from '../../sessions/admission.ts';
import type { DeviceRecord } from '../../registry/device-store.ts';
import type { DeviceSocket } from '../../sessions/outbox.ts';
import type { Admittance } from '../../identity/authenticator.ts';
import type { Enrolled, EnrolmentAsk } from '../../identity/enrolment.ts';
import type { Principal, Proof } from '../../identity/principal.ts';
import type { Log } from '../../kernel/log.ts';
import { clientAddress, networkOf, trustedProxies } from '../client-address.ts';
import { reachableAddress } from '../listen-address.ts';
import { limitSockets, type DropCounters, type SocketLimiter } from '../socket-limits.ts';
import { listenTcp } from '../tcp-listen.ts';
import { ArtifactRequests, type DownloadCounters, type Downloads } from './artifact-requests.ts';
import { DeviceWebSocket, type SocketEvents } from './device-web-socket.ts';
import { answerEnrolment, enrolPath } from './enrolment-requests.ts';
import { refusalCounts, type Refused } from './refusal-counts.ts';
import { proofOf } from './upgrade-proof.ts';
import {
  artifactIn,
  httpAnswer,
  judgedBy,
  judgeRequest,
  parserRefusal,
  pathOf,
  judgeUpgrade,
  refusal,
  turnedAway,
  unavailable,
} from './upgrade-refusals.ts';
import type { UpgradeRefusal } from './upgrade-refusals.ts';
import { createSocketServer, createWebServer, devicePath } from './upgrade-server.ts';

export interface DeviceListenerDeps {
  log: Log;
  /** @param network IPv4 address or IPv6 /64 the connection comes from */
  authenticate: (proof: Proof, network: string) => Promise<Admittance>;
  /** A device without an identity asks for one. */
  enrol: (ask: EnrolmentAsk, network: string) => Promise<Enrolled>;
  /** The firmware that devices get here. */
  downloads: Downloads;
  /** Whether this device may open one more session now. */
  admit: (deviceId: string) => Admitted;
  /** A device is connected. @returns who gets its events */
  connect: (
    record: DeviceRecord,
    socket: DeviceSocket,
    address: string,
    principal: Principal,
  ) => SocketEvents;
  /** Somebody was refused before the upgrade. */
  refused: (refused: Refused) => void;
}

export interface DeviceListenerOptions {
  listen: { host: string; port: number };
  /** Undefined: plain ws, behind a TLS proxy or on loopback. */
  tls: (TlsOptions & SecureContextOptions) | undefined;
  allowedOrigins: readonly string[];
  /** Open sockets, devices and strangers together; those beyond are cut. Not given: as many as most machines allow. */
  maxConnections?: number;
  /** Limits before authentication, by address. */
  maxSocketsPerAddress: number;
  /** A connection was cut because its network already has as many as it may. */
  connectionCut?: ((network: string) => void) | undefined;
  maxPendingPerAddress: number;
  /** Proxies whose `X-Forwarded-For` is believed. */
  trustedProxies: readonly string[];
}

export interface ListenerCounters {
  connections: number;
  upgrades: number;
  /** Of them, those whose TLS session was resumed. */
  resumed: number;
  /** Refusals before the upgrade, by HTTP status. */
  refusals: Record<string, number>;
  /** Sockets cut before any answer. */
  drops: Readonly<DropCounters>;
  downloads: Readonly<DownloadCounters>;
}

export interface DeviceListener {
  /** `wss://host:port/v1/device` */
  url: string;
  port: number;
  counters: ListenerCounters;
  /** Refuses further connections; open ones continue. @param retryAfterMs how long each has to wait */
  stopAccepting(retryAfterMs: () => number): void;
  /** Serves this certificate to new connections; open ones keep theirs. */
  renewTls(renewed: SecureContextOptions): void;
  /** New keys for TLS session tickets, 48 bytes. */
  setTicketKeys(keys: Buffer): void;
  /** Cuts the connections that are still open. */
  close(): Promise<void>;
}

/** When a device comes again that was turned away because its record could not be read, ms. */
const unreadRetryMs = 5_000;
/** Below the limit of descriptors that most machines set. */
const usualMaxConnections = 19_000;
/** Limits on sockets whose upgrade is not done, and how long an upgrade may take, TLS included. */
const maxPending = 2_000;
const pendingMs = 10_000;

/**
 * The devices' listener: https, one path, the upgrade with authentication before it. Refusals are plain HTTP
 * answers with a JSON body that says what was wrong.
 * @throws HubError `address-in-use`, `tls-invalid`
 */
export async function startDeviceListener(
  deps: DeviceListenerDeps,
  options: DeviceListenerOptions,
): Promise<DeviceListener> {
  let goneRetryMs: (() => number) | undefined;
  const sockets = createSocketServer(DeviceWebSocket);
  const server = createWebServer(options.tls);
  server.maxConnections = options.maxConnections ?? usualMaxConnections;
  const { limiter, addressOf } = watchAddresses(server, options);
  const { drops } = limiter;
  const artifacts = new ArtifactRequests(deps.downloads);
  const { refusals, counted, count } = refusalCounts(deps, addressOf);
  const none = { connections: 0, upgrades: 0, resumed: 0 };
  const counters: ListenerCounters = { ...none, refusals, drops, downloads: artifacts.counters };

  function refuse(socket: Duplex, request: IncomingMessage, given: UpgradeRefusal): void {
    socket.end(httpAnswer(count(request, given)));
  }

  serveRequests(server, {
    async download(request, response, sha256) {
      const proof = proofOf(request, request.headers.authorization);
      const judged = judgedBy(await deps.authenticate(proof, networkOf(addressOf(request))));
      if (judged.kind === 'refused') return count(request, judged.refusal);
      limiter.proved(request.socket);
      const given =
        goneRetryMs === undefined
          ? await artifacts.serve(request, response, judged.record.id, sha256)
          : unavailable('draining', 'the hub is going away', goneRetryMs());
      // It says nothing about why a device is not online.
      if (given !== undefined) counted(given.status);
      return given;
    },
    enrol: (ask, request) => deps.enrol(ask, networkOf(addressOf(request))),
    counted,
    refused: count,
  });
  serveUpgrades(server, sockets, {
    addressOf,
    goneRetryMs: () => goneRetryMs?.(),
    judge: (request, address) =>
      judgeUpgrade(request, options.allowedOrigins, (authorization) =>
        deps.authenticate(proofOf(request, authorization), networkOf(address)),
      ),
    admit: deps.admit,
    refuse,
    failed: (error) => deps.log.error({ err: error }, 'a device was turned away: its record was not read'),
    upgraded({ request, socket, address, record, principal }, ws) {
      if (socket instanceof TLSSocket && socket.isSessionReused()) counters.resumed += 1;
      limiter.proved(request.socket);
      ws.over(socket);
      countWhileOpen(ws, counters);
      ws.events = deps.connect(record, ws, address, principal);
    },
  });
  // A handshake that `ws` refuses (version, key) gets the same form of answer as the hub's own refusals.
  sockets.on('wsClientError', (error, socket, request) =>
    refuse(socket, request, refusal(400, 'bad-handshake', error.message)),
  );
  answerParserFaults(server, counted);

  const { port } = await listenTcp(server, options.listen, 'HUB_DEVICE_LISTEN');
  const scheme = options.tls === undefined ? 'ws' : 'wss';
  return {
    url: `${scheme}://${reachableAddress({ host: options.listen.host, port })}${devicePath}`,
    port,
    counters,
    renewTls(renewed) {
      if (server instanceof TlsServer) server.setSecureContext(renewed);
    },
    stopAccepting(retryAfterMs) {
      goneRetryMs = retryAfterMs;
    },
    setTicketKeys(keys) {
      if (server instanceof TlsServer) server.setTicketKeys(keys);
    },
    close() {
      artifacts.close();
      return closeAll(server, limiter);
    },
  };
}

function countWhileOpen(ws: DeviceWebSocket, counters: ListenerCounters): void {
  counters.upgrades += 1;
  counters.connections += 1;
  ws.on('close', () => {
    counters.connections -= 1;
  });
}

interface Upgrade {
  request: IncomingMessage;
  socket: Duplex;
  address: string;
  record: DeviceRecord;
  principal: Principal;
}

/** Requests that are upgrades: who asks, whether it may, the handshake. */
function serveUpgrades(
  server: Server,
  sockets: ReturnType<typeof createSocketServer>,
  deps: {
    addressOf: (request: IncomingMessage) => string;
    /** How long to wait, once the hub is going away. */
    goneRetryMs: () => number | undefined;
    judge: (request: IncomingMessage, address: string) => ReturnType<typeof judgeUpgrade>;
    admit: DeviceListenerDeps['admit'];
    refuse: (socket: Duplex, request: IncomingMessage, given: UpgradeRefusal) => void;
    failed: (error: unknown) => void;
    upgraded: (upgrade: Upgrade, ws: DeviceWebSocket) => void;
  },
): void {
  const { refuse } = deps;

  /** Refuses when the hub is going away. */
  function isGone(request: IncomingMessage, socket: Duplex): boolean {
    const retryMs = deps.goneRetryMs();
    if (retryMs !== undefined)
      refuse(socket, request, unavailable('draining', 'the hub is going away', retryMs));
    return retryMs !== undefined;
  }

  async function upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const address = deps.addressOf(request);
    const judged = await deps.judge(request, address);
    if (judged.kind === 'refused') {
      refuse(socket, request, judged.refusal);
      return;
    }
    // It may have begun to stop.
    if (isGone(request, socket)) return;
    // Only authenticated devices count, so that strangers take nothing from the share of others.
    const admitted = deps.admit(judged.record.id);
    if (admitted.kind !== 'admitted') {
      refuse(socket, request, turnedAway(admitted));
      return;
    }
    sockets.handleUpgrade(request, socket, head, (opened) =>
      deps.upgraded({ request, socket, address, ...judged }, opened as DeviceWebSocket),
    );
  }

  server.on('upgrade', (request, socket, head) => {
    // Before anything else: an error on a socket without a listener would end the process.
    socket.on('error', () => socket.destroy());
    if (isGone(request, socket)) return;
    upgrade(request, socket, head).catch((error: unknown) => {
      deps.failed(error);
      refuse(
        socket,
        request,
        unavailable('busy', 'the hub cannot read its records of devices', unreadRetryMs),
      );
    });
  });
}

/** Limits before authentication, and the address of each request. */
function watchAddresses(
  server: Server,
  options: DeviceListenerOptions,
): { limiter: SocketLimiter; addressOf: (request: IncomingMessage) => string } {
  const isTrusted = trustedProxies(options.trustedProxies);
  const limiter = limitSockets(server, {
    maxPerAddress: options.maxSocketsPerAddress,
    maxPendingPerAddress: options.maxPendingPerAddress,
    maxPending,
    pendingMs,
    isTrusted,
    cut: options.connectionCut,
  });
  return {
    limiter,
    addressOf({ socket, headers }) {
      const forwarded = headers['x-forwarded-for'];
      const text = forwarded === undefined ? undefined : String(forwarded);
      return clientAddress(socket.remoteAddress, text, isTrusted);
    },
  };
}

function answer(response: ServerResponse, { status, headers, body }: UpgradeRefusal): void {
  const connection = headers['Upgrade'] === undefined ? 'close' : 'close, Upgrade';
  const all = { ...headers, 'Content-Type': 'application/json', Connection: connection };
  response.writeHead(status, all).end(body);
}

/** Requests that are not upgrades: downloads, enrolments, and refusals of the rest. */
function serveRequests(
  server: Server,
  deps: {
    /** @returns the refusal; undefined: it was answered */
    download: (
      request: IncomingMessage,
      response: ServerResponse,
      sha256: string,
    ) => Promise<UpgradeRefusal | undefined>;
    enrol: (ask: EnrolmentAsk, request: IncomingMessage) => Promise<Enrolled>;
    counted: (status: number) => void;
    refused: (request: IncomingMessage, given: UpgradeRefusal) => void;
  },
): void {
  server.on('request', (request, response) => {
    if (pathOf(request) === enrolPath && request.method === 'POST') {
      void answerEnrolment(request, response, (ask) => deps.enrol(ask, request), deps.counted);
      return;
    }
    const sha256 = artifactIn(pathOf(request));
    if (sha256 !== undefined && (request.method === 'GET' || request.method === 'HEAD')) {
      void deps.download(request, response, sha256).then((refused) => refused && answer(response, refused));
      return;
    }
    const given = judgeRequest(request);
    deps.refused(request, given);
    answer(response, given);
  });
}

function answerParserFaults(server: Server, counted: (status: number) => void): void {
  const latest = new WeakMap<Duplex, { request: IncomingMessage; response: ServerResponse }>();
  server.prependListener('request', (request, response) => latest.set(request.socket, { request, response }));
  // Requests that Node's parser refuses get the hub's form of answer, and are counted like other refusals.
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy();
      return;
    }
    const before = latest.get(socket);
    // Every answer closes the connection (RFC 9112 §9.6): what follows its request is no request, and gets none.
    if (before !== undefined && (before.response.headersSent || before.request.complete)) return;
    const given = parserRefusal(error.code);
    counted(given.status);
    socket.end(httpAnswer(given));
  });
}

function closeAll(server: Server, limiter: { close: () => void }): Promise<void> {
  return new Promise((resolve) => {
    limiter.close();
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
