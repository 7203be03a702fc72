import { once } from 'node:events';
import {
  createServer,
  request as forward,
  type ClientRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { httpStrangers, type HttpStranger } from './http-strangers.ts';

/** As it goes to the server. */
export interface PassedRequest {
  path: string;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

export interface HttpFront {
  readonly url: string;
  /** Requests that the stranger has answered since it was set. */
  readonly answered: number;
  /** Requests for `/write` that were passed on. */
  readonly passed: number;
  /** From now on this stranger answers, also on connections that are open; undefined: requests are passed on. */
  set(stranger: HttpStranger | undefined): void;
  /** Answers 413 itself when a body is longer, bytes. */
  limit(bodyBytes: number): void;
  /** Passes requests on in this way; undefined: as they are. */
  change(change: ((request: PassedRequest) => PassedRequest) | undefined): void;
  close(): Promise<void>;
}

/** Stands before a server as a proxy does: passes requests on, or answers them itself. */
export async function startHttpFront(target: string): Promise<HttpFront> {
  let stranger: HttpStranger | undefined;
  let answered = 0;
  let passed = 0;
  let limitBytes = Infinity;
  let change: ((request: PassedRequest) => PassedRequest) | undefined;
  /** Connections on which nothing can follow. */
  const broken = new Set<Socket>();
  const server = createServer((request, response) => {
    if (Number(request.headers['content-length'] ?? 0) > limitBytes) {
      request.resume().on('end', () => httpStrangers['413 of a proxy']?.(response, request.socket));
      return;
    }
    if (stranger === undefined) {
      if (request.url?.startsWith('/write') === true) passed += 1;
      if (change !== undefined) void passChanged(target, request, response, change);
      else pass(target, request, response);
      return;
    }
    const asked = stranger;
    request.resume().on('end', () => {
      answered += 1;
      asked(response, request.socket);
      if (!response.writableEnded) broken.add(request.socket);
    });
  });
  server.on('clientError', (_error, socket) => socket.destroy());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get answered() {
      return answered;
    },
    get passed() {
      return passed;
    },
    set(next) {
      stranger = next;
      answered = 0;
      for (const socket of broken) socket.destroy();
      broken.clear();
    },
    limit(bodyBytes) {
      limitBytes = bodyBytes;
    },
    change(next) {
      change = next;
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function pass(target: string, request: IncomingMessage, response: ServerResponse): void {
  const { method, headers } = request;
  request.pipe(onwards({ target, path: request.url ?? '/', method, headers }, response));
}

/** The body is read whole, and its length named anew. */
async function passChanged(
  target: string,
  request: IncomingMessage,
  response: ServerResponse,
  change: (request: PassedRequest) => PassedRequest,
): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const { method, headers: given, url = '/' } = request;
  const { path, headers, body } = change({ path: url, headers: given, body: Buffer.concat(chunks) });
  const length = { 'content-length': String(body.length) };
  onwards({ target, path, method, headers: { ...headers, ...length } }, response).end(body);
}

function onwards(
  {
    target,
    path,
    method,
    headers,
  }: { target: string; path: string; method?: string | undefined; headers: IncomingHttpHeaders },
  response: ServerResponse,
): ClientRequest {
  const onward = forward(new URL(path, target), { method, headers, agent: false }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
  });
  onward.on('error', () => response.destroy());
  return onward;
}
