import type { Message } from '../core/frame-codec.ts';
import type { Ending } from '../core/reconnect.ts';

/** Where the hub is, and who asks. */
export interface Address {
  /** `wss://HOST:8443/v1/device` */
  url: string;
  id: string;
  secret: string;
  /** `hub.v1.json`, or `hub.v1.cbor` with the option `cbor`. */
  subprotocol: string;
}

export interface LinkHandlers {
  /** The upgrade succeeded. */
  opened: () => void;
  /** Something other than a frame shows that the hub is alive, such as a ping. */
  heard: () => void;
  /** One message: a text frame, or the bytes of a binary one. */
  message: (message: Message) => void;
  /** Called exactly once, as the last handler, and not after `destroy`. */
  ended: (ending: Ending) => void;
}

/** One WebSocket to the hub. */
export interface Link {
  send(message: Message): void;
  /** The close handshake (RFC 6455 §7.1.2), with 1000; `ended` follows. */
  close(): void;
  /** The end without a close frame, as if the network had disappeared. */
  destroy(): void;
  /** From now on nothing is read, so the hub's frames pile up; sending continues. Where that is possible. */
  pause?(): void;
  resume?(): void;
}

/** Starts connecting. The outcome, even a failure, comes through the handlers, and never before this returns. */
export type OpenLink = (address: Address, handlers: LinkHandlers) => Link;
