import { createServer as createHttpServer, type IncomingMessage } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { WebSocketServer, type WebSocket } from 'ws';
import type { DeviceFrame, HubFrame, WelcomeFrame } from '../../../schemas/index.ts';
import { Waiting } from '../waiting.ts';

/**
 * The hub's end of the wire, played by the test frame by frame: for what the real hub never does (says nothing,
 * acks late, sends a command twice). It holds no rule of the protocol.
 */
export interface ScriptedHub {
  url: string;
  /** The next device that connects. */
  session(): Promise<ScriptedSession>;
  /** Answers the next upgrades with this HTTP status instead; undefined: lets them in again. */
  refuse(answer: { status: number; headers?: Record<string, string> } | undefined): void;
}

export interface ScriptedSession {
  authorization: string | undefined;
  protocol: string;
  /** The next frame of the device, whatever its type. */
  frame(): Promise<DeviceFrame>;
  /** The next frame of this type; others before it are skipped. */
  next<T extends DeviceFrame['type']>(type: T): Promise<Extract<DeviceFrame, { type: T }>>;
  /** Frames that came and were not yet asked for. */
  pending(): readonly DeviceFrame[];
  send(frame: HubFrame | object): void;
  /** Reads the hello and sends the welcome; resolves with the hello. */
  welcome(overrides?: Partial<WelcomeFrame>): Promise<Extract<DeviceFrame, { type: 'hello' }>>;
  /** Sends a ping; resolves when the pong is there. @throws when it is not within `timeoutMs` (5,000) */
  ping(timeoutMs?: number): Promise<void>;
  /** The close handshake with this code. */
  close(code: number, reason?: string): void;
  /** Destroys the socket. */
  cut(): void;
  closed: Promise<{ code: number }>;
}

export async function startScriptedHub(
  t: TestContext,
  tls?: { key: string; cert: string },
): Promise<ScriptedHub> {
  const http = tls === undefined ? createHttpServer() : createHttpsServer(tls);
  const server = new WebSocketServer({ noServer: true, clientTracking: true });
  const sessions = new Waiting<ScriptedSession>('a device connects');
  let refusal: { status: number; headers?: Record<string, string> } | undefined;
  http.on('upgrade', (request: IncomingMessage, socket, head) => {
    if (refusal !== undefined) {
      const headers = Object.entries({ connection: 'close', 'content-length': '0', ...refusal.headers });
      const lines = headers.map(([name, value]) => `${name}: ${value}`);
      socket.end(`HTTP/1.1 ${refusal.status} refused\r\n${lines.join('\r\n')}\r\n\r\n`);
      return;
    }
    server.handleUpgrade(request, socket, head, (webSocket) =>
      sessions.add(scriptedSession(webSocket, request)),
    );
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  t.after(async () => {
    for (const client of server.clients) client.terminate();
    http.closeAllConnections();
    http.close();
    await once(http, 'close');
  });
  const { port } = http.address() as AddressInfo;
  return {
    url: `${tls === undefined ? 'ws' : 'wss'}://127.0.0.1:${port}/v1/device`,
    session: () => sessions.next(),
    refuse(answer) {
      refusal = answer;
    },
  };
}

function scriptedSession(socket: WebSocket, request: IncomingMessage): ScriptedSession {
  const frames = new Waiting<DeviceFrame>('the device sends a frame');
  socket.on('message', (data) => {
    if (Buffer.isBuffer(data)) frames.add(JSON.parse(data.toString('utf8')) as DeviceFrame);
  });
  const closed = once(socket, 'close').then(([code]) => ({ code: Number(code) }));
  const session: ScriptedSession = {
    authorization: request.headers.authorization,
    protocol: socket.protocol,
    frame: () => frames.next(),
    async next<T extends DeviceFrame['type']>(type: T) {
      for (;;) {
        const frame = await frames.next();
        if (frame.type === type) return frame as Extract<DeviceFrame, { type: T }>;
      }
    },
    pending: () => frames.pending(),
    send: (frame) => socket.send(JSON.stringify(frame)),
    async welcome(overrides = {}) {
      const hello = await session.next('hello');
      const { t1 } = hello;
      const limits = { frameBytes: 65_536, samples: 500, inFlight: 64, messagesPerSec: 1000 };
      const times = { epoch: 1, t1, now: Date.now(), heartbeatSec: 30, graceSec: 15 };
      session.send({
        type: 'welcome',
        ...times,
        ackDelayMs: 500,
        backoffMaxMs: 60_000,
        limits,
        ...overrides,
      });
      return hello;
    },
    async ping(timeoutMs = 5_000) {
      socket.ping();
      await once(socket, 'pong', { signal: AbortSignal.timeout(timeoutMs) });
    },
    close: (code, reason) => socket.close(code, reason),
    cut: () => socket.terminate(),
    closed,
  };
  return session;
}
