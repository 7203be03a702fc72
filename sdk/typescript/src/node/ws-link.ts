import { isIP } from 'node:net';
import {
  connect,
  createSecureContext,
  type ConnectionOptions as ConnectionOptionsOfTls,
  type SecureContext,
  type TLSSocket,
} from 'node:tls';
import { WebSocket, type ClientOptions } from 'ws';
import { limits } from '../../../../schemas/limits.ts';
import type { Message } from '../core/frame-codec.ts';
import { closeReason, retryAfterHeader, type Ending } from '../core/reconnect.ts';
import type { Address, Link, LinkHandlers, OpenLink } from '../device/link.ts';

const handshakeTimeoutMs = 10_000;
const closeTimeoutMs = 5_000;

/** Parsing a CA costs more than the JavaScript of a handshake, so a fleet shares the result. */
const contexts = new Map<string, SecureContext>();

function secureContext(ca: string): SecureContext {
  let context = contexts.get(ca);
  if (context === undefined) {
    context = createSecureContext({ ca, minVersion: 'TLSv1.2' });
    contexts.set(ca, context);
  }
  return context;
}

/**
 * The newest TLS session of each device (RFC 8446 §2.2), which spares a reconnect the full handshake. A process keeps
 * the newest `keptSessions`.
 */
const tlsSessions = new Map<string, Buffer>();
const keptSessions = 20_000;

function keepSession(key: string, session: Buffer): void {
  tlsSessions.delete(key);
  tlsSessions.set(key, session);
  if (tlsSessions.size <= keptSessions) return;
  const oldest = tlsSessions.keys().next();
  if (oldest.done !== true) tlsSessions.delete(oldest.value);
}

/**
 * Opens a TLS socket that resumes the device's last session, if the hub still accepts it.
 * @param key the device and the CA that verified the session: a resumed session is not verified again
 */
function connectTls(key: string, options: ConnectionOptionsOfTls): TLSSocket {
  // `path` is that of the URL; TLS would take it for a Unix socket.
  const { path: _path, ...given } = options;
  const { host = '' } = given;
  const session = tlsSessions.get(key);
  const socket = connect({
    ...given,
    // RFC 6066 §3: an IP address must not be a server name.
    servername: isIP(host) === 0 ? host : '',
    session,
  });
  socket.on('session', (fresh: Buffer) => keepSession(key, fresh));
  // A TLS session that failed is not tried again; one that worked outlives its connection.
  const failed = (): void => void tlsSessions.delete(key);
  socket.once('error', failed);
  socket.once('secureConnect', () => socket.off('error', failed));
  return socket;
}

/**
 * Links over the `ws` package.
 * @param ca the hub's CA, PEM. Only this CA is trusted, so a renewed leaf certificate needs no change on the device.
 * @throws Error when it is not a certificate
 */
export function wsLinks({ ca }: { ca?: string | undefined } = {}): OpenLink {
  const context = ca === undefined ? undefined : secureContext(ca);
  return (address, handlers) => new WsLink(address, handlers, { ca, context });
}

/** One WebSocket to the hub, from the upgrade to its end, which it reports once. */
class WsLink implements Link {
  readonly #socket: WebSocket;
  readonly #handlers: LinkHandlers;
  #ended = false;

  constructor(
    { url, id, secret, subprotocol }: Address,
    handlers: LinkHandlers,
    { ca, context }: { ca: string | undefined; context: SecureContext | undefined },
  ) {
    this.#handlers = handlers;
    const options: ClientOptions & { closeTimeout: number } = {
      headers: { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` },
      handshakeTimeout: handshakeTimeoutMs,
      closeTimeout: closeTimeoutMs,
      maxPayload: limits.frameBytes,
      // It costs about 240 KiB per connection, and the hub does not offer it.
      perMessageDeflate: false,
      followRedirects: false,
      ...(context === undefined ? {} : { secureContext: context }),
      ...(url.startsWith('wss:')
        ? {
            createConnection: ((given: ConnectionOptionsOfTls) =>
              connectTls(`${url} ${id} ${ca ?? ''}`, given)) as NonNullable<
              ClientOptions['createConnection']
            >,
          }
        : {}),
    };
    this.#socket = new WebSocket(url, subprotocol, options);
    this.#listen();
  }

  send(message: Message): void {
    if (!this.#ended && this.#socket.readyState === WebSocket.OPEN) this.#socket.send(message);
  }

  /** After 5 s without an answer the socket is destroyed. */
  close(): void {
    this.#socket.close(1000);
  }

  destroy(): void {
    this.#ended = true;
    this.#socket.terminate();
  }

  pause(): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.pause();
  }

  resume(): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.resume();
  }

  #listen(): void {
    const socket = this.#socket;
    let opened = false;
    socket.on('open', () => {
      opened = true;
      if (!this.#ended) this.#handlers.opened();
    });
    socket.on('ping', () => {
      if (!this.#ended) this.#handlers.heard();
    });
    socket.on('message', (data, isBinary) => {
      if (!this.#ended && Buffer.isBuffer(data))
        this.#handlers.message(isBinary ? new Uint8Array(data) : data.toString('utf8'));
    });
    socket.on('unexpected-response', (request, response) => {
      const status = response.statusCode ?? 0;
      const retryAfterMs = retryAfterHeader(response.headers['retry-after'], Date.now());
      response.resume();
      request.destroy();
      this.#end({ kind: 'refused', status, retryAfterMs });
    });
    socket.on('error', (error) => {
      // After the upgrade a close event with the code follows; before the upgrade this is the only event.
      if (!opened) this.#end({ kind: 'failed', message: messageOf(error) });
    });
    socket.on('close', (code, reason) => {
      this.#end({ kind: 'closed', code, ...closeReason(reason.toString('utf8')) });
    });
  }

  #end(ending: Ending): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#handlers.ended(ending);
  }
}

/** Node's codes for a certificate chain that ends in an unknown authority (from OpenSSL). */
const untrusted = new Set([
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
]);

function messageOf(error: Error): string {
  if (error instanceof AggregateError)
    return error.errors.map((inner) => String(inner?.message ?? inner)).join('; ');
  if ('code' in error && untrusted.has(String(error.code))) {
    return `${error.message}: give the CA that signed the hub's certificate with the option ca, on the command line with --ca (without HUB_TLS_CERT it is tls/ca.crt in the hub's data folder)`;
  }
  return error.message;
}
