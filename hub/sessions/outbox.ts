import { closeReasons, closeReasonText, limits as bounds } from '../../schemas/index.ts';
import type { CloseReason, HubFrame } from '../../schemas/index.ts';
import type { Liveness } from '../presence/liveness.ts';
import type { DeviceFrames } from './frames/frame-log.ts';
import { smallerFrames } from './smaller-frames.ts';

/** One device's WebSocket, as a session needs it. */
export interface DeviceSocket {
  send(text: string): void;
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
    this.#frames = frames;
    this.#overflowed = overflowed;
    this.#liveness = liveness;
    this.sentAt = liveness.now;
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
    const text = JSON.stringify(frame);
    if (Buffer.byteLength(text) <= this.maxFrameBytes) return this.sendText(text, shownOf(frame, text));
    const parts = smallerFrames(frame, this.maxFrameBytes);
    return parts?.every((part) => this.sendText(JSON.stringify(part))) === true;
  }

  /** `send` of a frame that is text already. @param shown to operators */
  sendText(text: string, shown = text): boolean {
    if (this.#closed) return false;
    if (this.#socket.bufferedAmount + text.length > this.#limits.hardBytes) {
      this.close('slow-reader');
      this.#overflowed();
      return false;
    }
    this.#socket.send(text);
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

/** The text without the one secret that a frame can have. */
function shownOf(frame: HubFrame, text: string): string {
  return frame.type === 'credential' ? JSON.stringify({ ...frame, secret: '(hidden)' }) : text;
}
