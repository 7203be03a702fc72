import type { Message } from '../core/frame-codec.ts';
import { closeReason, type Ending } from '../core/reconnect.ts';
import type { Address, Link, LinkHandlers, OpenLink } from '../device/link.ts';

/** How long a close handshake may take. */
const closeTimeoutMs = 5_000;

/** Links over the browser's own WebSocket. A page can set no header, so the credential goes as a subprotocol. */
export const pageLinks: OpenLink = (address, handlers) => new PageLink(address, handlers);

class PageLink implements Link {
  readonly #socket: WebSocket;
  readonly #handlers: LinkHandlers;
  #ended = false;

  constructor({ url, id, secret, subprotocol }: Address, handlers: LinkHandlers) {
    this.#handlers = handlers;
    this.#socket = new WebSocket(url, [subprotocol, `hub.auth.${base64Url(`${id}:${secret}`)}`]);
    this.#socket.binaryType = 'arraybuffer';
    this.#listen();
  }

  send(message: Message): void {
    if (!this.#ended && this.#socket.readyState === WebSocket.OPEN) this.#socket.send(message);
  }

  close(): void {
    this.#socket.close(1000);
    // A browser waits much longer for a hub that has gone.
    setTimeout(() => this.#end({ kind: 'closed', code: 1006, reason: 'closed' }), closeTimeoutMs);
  }

  /** A page cannot cut its connection; nothing is heard of it from now on. */
  destroy(): void {
    this.#ended = true;
    this.#socket.close();
  }

  #listen(): void {
    const socket = this.#socket;
    let opened = false;
    socket.addEventListener('open', () => {
      opened = true;
      if (!this.#ended) this.#handlers.opened();
    });
    socket.addEventListener('message', ({ data }) => {
      if (this.#ended) return;
      if (typeof data === 'string') this.#handlers.message(data);
      else if (data instanceof ArrayBuffer) this.#handlers.message(new Uint8Array(data));
    });
    socket.addEventListener('close', ({ code, reason }) => {
      this.#end(opened ? { kind: 'closed', code, ...closeReason(reason) } : notOpened);
    });
  }

  #end(ending: Ending): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#handlers.ended(ending);
  }
}

/** A browser tells a page nothing more, lest it look around in a network. */
const notOpened: Ending = {
  kind: 'failed',
  message:
    'the hub was not reached, or refused this page: the browser trusts its certificate, the id and secret are right, and the origin of the page is in HUB_ALLOWED_ORIGINS?',
  mayBeRefused: true,
};

function base64Url(text: string): string {
  const bytes = String.fromCharCode(...new TextEncoder().encode(text));
  return btoa(bytes).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}
