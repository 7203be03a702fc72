import { closeReasons, closeReasonText, limits as bounds } from '../../schemas/index.ts';
import type { CloseReason, HubFrame } from '../../schemas/index.ts';
import type { Liveness } from '../presence/liveness.ts';
import { codecOf, sizeOf, type FrameCodec, type Message } from './frames/frame-codec.ts';
import type { DeviceFrames } from './frames/frame-log.ts';
import { smallerFrames } from './smaller-frames.ts';

/** One device's WebSocket, as a session needs it. */
export interface DeviceSocket {
  send(message: Message): void;
  /** The subprotocol that was agreed on; '' when the device offered none. */
  readonly protocol: string;
  /** Bytes handed over and not yet taken by the network. */
  readonly bufferedAmount: number;
  ping(): void;
  /** Begins the close handshake (RFC 6455 §7.1.2), and drops the link if the device does not answer. */
  close(code: number, reason: string): void;
}

export interface OutboxLimits {
  /** Acks and notices wait or are dropped beyond this, bytes. */
  softBytes: number;
  /** Nothing more fits beyond this, bytes: the session ends with 4004. */
  hardBytes: number;
}

export const defaultOutboxLimits: OutboxLimits = { softBytes: 65_536, hardBytes: 262_144 };

/** The bounded outgoing queue of a session. A blocked write never delays a read. */
export class Outbox {
  readonly #socket: DeviceSocket;
  readonly #limits: OutboxLimits;
  readonly #overflowed: () => void;
  readonly #frames: Pick<DeviceFrames, 'sent'>;
  readonly #liveness: Pick<Liveness, 'now'>;
  readonly #codec: FrameCodec;
  #closed = false;
  /** The longest frame that the device can receive, bytes. */
  maxFrameBytes: number = bounds.frameBytes;
  /** Liveness time at which something was last sent. */
  sentAt: number;

  /**
   * @param frames note what is sent
   * @param overflowed called once, when the outbox closed itself because something did not fit.
   */
  constructor(
    socket: DeviceSocket,
    limits: OutboxLimits,
    liveness: Pick<Liveness, 'now'>,
    frames: Pick<DeviceFrames, 'sent'>,
    overflowed: () => void,
  ) {
    this.#socket = socket;
    this.#limits = limits;
    this.#codec = codecOf(socket.protocol);
    this.#frames = frames;
    this.#overflowed = overflowed;
    this.#liveness = liveness;
    this.sentAt = liveness.now;
  }

  get binary(): boolean {
    return this.#codec.binary;
  }

  /** True when what can wait (an ack) should wait. */
  get congested(): boolean {
    return this.#socket.bufferedAmount > this.#limits.softBytes;
  }

  /**
   * False: it does not fit, and the session is closing with 4004; or it was closed before, or the device cannot
   * receive a frame as long, nor its parts.
   */
  send(frame: HubFrame): boolean {
    const message = this.#codec.write(frame);
    if (sizeOf(message) <= this.maxFrameBytes) return this.#send(message, this.#shown(frame, message));
    const parts = smallerFrames(frame, this.maxFrameBytes, (part) => this.bytesOf(part));
    return parts?.every((part) => this.#send(this.#codec.write(part))) === true;
  }

  /** `send` of a frame that was made for many devices, as JSON. */
  sendText(text: string): boolean {
    return this.#send(this.#codec.fromJson(text));
  }

  /** Whether the device can receive such a frame. */
  takes(text: string): boolean {
    return sizeOf(this.#codec.fromJson(text)) <= this.maxFrameBytes;
  }

  /** Acks every data frame up to this seq. @returns as `send` */
  ack(upTo: number): boolean {
    return this.#send(this.#codec.ack(upTo));
  }

  /** How long the frame is on this connection. */
  bytesOf(frame: HubFrame): number {
    return sizeOf(this.#codec.write(frame));
  }

  /** The message without the one secret that a frame can have. */
  #shown(frame: HubFrame, message: Message): Message {
    return frame.type === 'credential' ? this.#codec.write({ ...frame, secret: '(hidden)' }) : message;
  }

  /** @param shown to operators */
  #send(message: Message, shown = message): boolean {
    if (this.#closed) return false;
    if (this.#socket.bufferedAmount + message.length > this.#limits.hardBytes) {
      this.close('slow-reader');
      this.#overflowed();
      return false;
    }
    this.#socket.send(message);
    this.#frames.sent(shown);
    this.sentAt = this.#liveness.now;
    return true;
  }

  /** A ping on a full socket is lost; the deadline catches that. */
  ping(): void {
    if (this.#closed || this.congested) return;
    this.#socket.ping();
    this.sentAt = this.#liveness.now;
  }

  close(reason: CloseReason, retryAfterMs?: number): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#socket.close(closeReasons[reason], closeReasonText(reason, retryAfterMs));
  }

  /** The socket is gone. */
  ended(): void {
    this.#closed = true;
  }
}
