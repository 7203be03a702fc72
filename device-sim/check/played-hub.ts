import {
  createServer as createHttpServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';
import { CheckFault, within } from './check.ts';
import type { FrameJudge } from './frame-judge.ts';
import { PlayedSession } from './played-session.ts';

/** An attempt to connect. */
export interface Attempt {
  /** Monotonic ms. */
  atMs: number;
  request: IncomingMessage;
}

/** The answer to an upgrade, in place of 101. */
export interface RefusedUpgrade {
  status: number;
  retryAfterSec?: number;
}

const subprotocol = 'hub.v1.json';
/** Lines of the log that a report shows. */
const shownLines = 40;

/** A hub that does exactly what a check says. */
export class PlayedHub {
  readonly attempts: Attempt[] = [];
  readonly faults: string[] = [];
  /** Refuses the next upgrades; undefined: they are accepted. */
  refusal: ((request: IncomingMessage) => RefusedUpgrade | undefined) | undefined;
  /** Answers requests that are no upgrades; undefined: the hub serves no files. */
  files: RequestListener | undefined;
  /** The offset of the hub's clock from that of this machine, ms. */
  clockMs = 0;
  readonly #judge: FrameJudge;
  readonly #log: string[] = [];
  readonly #sessions: PlayedSession[] = [];
  readonly #waiters = new Set<() => void>();
  readonly #http: Server;
  readonly #responses = new Set<ServerResponse>();
  /** TCP connections so far. */
  #knocks = 0;
  readonly #server = new WebSocketServer({
    noServer: true,
    handleProtocols: (offered) => offered.has(subprotocol) && subprotocol,
  });
  readonly #startedMs = performance.now();

  private constructor(judge: FrameJudge, tls: { cert: string; key: string } | undefined) {
    this.#judge = judge;
    this.#http = tls === undefined ? createHttpServer() : createHttpsServer(tls);
    this.#http.on('connection', () => {
      this.#knocks += 1;
      this.#wake();
    });
    this.#http.on('request', (request, response) => {
      this.#note(
        '→',
        `${request.method ?? ''} ${request.url ?? ''} ${request.headers.range ?? ''}`.trimEnd(),
      );
      this.#responses.add(response);
      response.on('close', () => this.#responses.delete(response));
      if (this.files === undefined) response.writeHead(404).end();
      else this.files(request, response);
    });
    this.#http.on('tlsClientError', ({ message }) => this.#note('×', `TLS: ${message}`));
    this.#http.on('upgrade', (request, socket, head) => {
      socket.on('error', () => socket.destroy());
      this.attempts.push({ atMs: performance.now(), request });
      const refused = this.refusal?.(request);
      if (refused === undefined) {
        this.#server.handleUpgrade(request, socket, head, (ws) => {
          this.#note('×', 'connected');
          const log = {
            note: (direction: string, text: string) => this.#note(direction, text),
            unlawful: (fault: string) => void this.faults.push(fault),
          };
          this.#sessions.push(new PlayedSession(ws, request, this.#judge, log, () => this.now()));
          this.#wake();
        });
      } else {
        const { status, retryAfterSec } = refused;
        this.#note('←', `HTTP ${status}`);
        const hint = retryAfterSec === undefined ? '' : `Retry-After: ${retryAfterSec}\r\n`;
        socket.end(`HTTP/1.1 ${status} Refused\r\n${hint}Connection: close\r\nContent-Length: 0\r\n\r\n`);
      }
      this.#wake();
    });
  }

  /** @param tls undefined: plain WebSocket */
  static async start(
    judge: FrameJudge,
    listen: { host: string; port: number },
    tls?: { cert: string; key: string },
  ): Promise<PlayedHub> {
    const hub = new PlayedHub(judge, tls);
    hub.#http.listen(listen.port, listen.host);
    await once(hub.#http, 'listening');
    return hub;
  }

  get port(): number {
    return (this.#http.address() as AddressInfo).port;
  }

  /** Frames of both directions, the newest last. */
  get log(): readonly string[] {
    return this.#log.slice(-shownLines);
  }

  /** The hub's clock, Unix ms. */
  now(): number {
    return Date.now() + this.clockMs;
  }

  /** The next connection. @throws CheckFault */
  async session(ms = 15_000): Promise<PlayedSession> {
    const next = (): PlayedSession | undefined => this.#sessions.shift();
    return within(ms, this.#when(next), 'the device did not connect');
  }

  /** Discards connections that no check has taken. */
  forgetSessions(): void {
    this.#sessions.length = 0;
  }

  /** Resolves when the device has opened a TCP connection. @throws CheckFault */
  async knocked(ms: number): Promise<void> {
    const some = (): true | undefined => (this.#knocks > 0 ? true : undefined);
    await within(ms, this.#when(some), 'the device did not connect');
  }

  /** Resolves with this attempt to connect, counted from 1. @throws CheckFault */
  async attempted(count: number, ms: number): Promise<Attempt> {
    const enough = (): Attempt | undefined => this.attempts[count - 1];
    return within(ms, this.#when(enough), `attempt ${count} to connect did not come`);
  }

  /** Breaks off the downloads that are under way. */
  cutRequests(): void {
    for (const response of this.#responses) response.destroy();
  }

  async close(): Promise<void> {
    for (const client of this.#server.clients) client.terminate();
    this.#http.closeAllConnections();
    this.#http.close();
    await once(this.#http, 'close');
  }

  /** @throws CheckFault when the device sent something that the protocol forbids */
  demandLawful(): void {
    const [first] = this.faults;
    if (first !== undefined) throw new CheckFault(`the device sent ${first}`);
  }

  #note(direction: string, text: string): void {
    const seconds = ((performance.now() - this.#startedMs) / 1000).toFixed(3);
    this.#log.push(`${seconds} ${direction} ${text}`);
    if (this.#log.length > 4 * shownLines) this.#log.splice(0, shownLines);
  }

  #wake(): void {
    for (const waiter of this.#waiters) waiter();
  }

  #when<Found>(look: () => Found | undefined): Promise<Found> {
    return new Promise((resolve) => {
      const waiter = (): void => {
        const found = look();
        if (found === undefined) return;
        this.#waiters.delete(waiter);
        resolve(found);
      };
      this.#waiters.add(waiter);
      waiter();
    });
  }
}
