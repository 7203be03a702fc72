/** How a refusal looks over HTTP: `{error: {code, message, details}}`. */

import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { errorCodes, statusOfReason, type RefusalCode } from '../../../schemas/api/error-codes.ts';
import type { Refusal } from '../../../schemas/api/refusal.ts';
import { HubError } from '../../kernel/errors.ts';
import type { Log } from '../../kernel/log.ts';
import { collectMethods } from './allowed-methods.ts';

/** Undefined: a fault that the caller must not see. */
function httpStatusOf({ code, details }: HubError): number | undefined {
  return code === 'command-refused' ? statusOfReason(details['reason']) : errorCodes[code].status;
}

/** The codes of fastify's own faults; all others of the request are `input-invalid`. */
const codeOf: Readonly<Record<number, RefusalCode>> = {
  413: 'body-too-large',
  415: 'content-type-unsupported',
};

function bodyOf({ code, message, details }: HubError): Refusal {
  const empty = Object.keys(details).length === 0;
  return { error: { code: code as RefusalCode, message, ...(empty ? {} : { details }) } };
}

/** Gives `app` these answers for faults, unknown paths and bodies that break their schema. */
export function answerFaults(app: FastifyInstance, log: Log): void {
  const methodsOf = collectMethods(app);
  app.setNotFoundHandler(({ method, url }, reply) => {
    const [path = ''] = url.split('?');
    const methods = methodsOf(path);
    if (methods.length === 0) return send(reply, new HubError('path-unknown', `${method} ${path}`));
    // If a part of the path is too long, the router skips the route and takes the console's page.
    if (methods.includes(method)) {
      return send(reply, new HubError('input-invalid', 'a part of the path is too long'), 414);
    }
    const note = `${method} ${path}: it has ${methods.join(', ')}`;
    return send(reply.header('allow', methods.join(', ')), new HubError('method-not-allowed', note));
  });
  app.setErrorHandler<FastifyError>((error, request, reply) => {
    if (error instanceof HubError && httpStatusOf(error) !== undefined) return send(reply, error);
    if (isOfRequest(error)) {
      refuseRequest(error, request, reply);
      return reply;
    }
    log.error({ err: error, method: request.method, path: request.url }, 'a request failed');
    return send(reply, new HubError('internal'));
  });
}

/** Faults of the request itself, found by fastify: not JSON, too big, a wrong content type. */
function isOfRequest({ statusCode = 500 }: FastifyError): boolean {
  return statusCode >= 400 && statusCode < 500;
}

/** Refuses a request that fastify finds at fault, even before it has a route. */
export function refuseRequest(
  { statusCode = 400, message }: FastifyError,
  _request: FastifyRequest,
  reply: FastifyReply,
): void {
  void send(reply, new HubError(codeOf[statusCode] ?? 'input-invalid', message), statusCode);
}

/** Refuses what is not an HTTP request at all, and closes the connection. */
export function refuseConnection(error: NodeJS.ErrnoException, socket: Socket): void {
  // A connection that was reset cannot be answered.
  if (error.code !== 'ECONNRESET' && socket.writable) {
    const [status, note] = faultsOfConnections[error.code ?? ''] ?? [400, 'this is not an HTTP request'];
    socket.write(answerText(status, note));
  }
  socket.destroy(error);
}

/** Refuses an upgrade whose headers are not those of a WebSocket (RFC 6455 §4.2.1), and closes the connection. */
export function refuseHandshake(error: Error, socket: Duplex): void {
  // The one version that is spoken (§4.4).
  socket.end(answerText(400, error.message, 'sec-websocket-version: 13\r\n'));
}

/** A whole answer, for a connection that no request of fastify's is answered on. */
function answerText(status: number, note: string, headers = ''): string {
  const body = JSON.stringify(bodyOf(new HubError('input-invalid', note)));
  return (
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\ncontent-type: application/json; charset=utf-8\r\n${headers}` +
    `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`
  );
}

const faultsOfConnections: Readonly<Record<string, [status: number, note: string]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'the request took too long to arrive'],
  HPE_HEADER_OVERFLOW: [431, 'the headers are too large'],
};

/** What a program may sign in with (RFC 6750 §3); people sign in on a page. */
const challenge = 'Bearer realm="device hub"';

function send(reply: FastifyReply, error: HubError, status = httpStatusOf(error) ?? 500): FastifyReply {
  if (status === 401) reply.header('www-authenticate', challenge);
  return reply.code(status).send(bodyOf(error));
}
