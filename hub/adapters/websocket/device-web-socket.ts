import type { Duplex } from 'node:stream';
import { WebSocket } from 'ws';
import type { RawData } from 'ws';
import { closeReasons, closeReasonText, type CloseReason } from '../../../schemas/index.ts';
import type { Message } from '../../sessions/frames/frame-codec.ts';
import type { DeviceSocket } from '../../sessions/outbox.ts';

/** Receives the events of one socket; a session implements it. */
export interface SocketEvents {
  text(text: string): void;
  /** @param bytes are overwritten after the call */
  binary(bytes: Uint8Array): void;
  pinged(): void;
  pong(): void;
  /** The device broke the WebSocket protocol, and the socket is closing with the code of this reason. */
  fault(reason: CloseReason): void;
  /** @param code of the device's close frame, 1006 when there was none */
  closed(code: number, reason: string): void;
}

/** A WebSocket that knows who gets its events, so that no frame needs a closure. */
export class DeviceWebSocket extends WebSocket implements DeviceSocket {
  events: SocketEvents | undefined;
  #stream: Duplex | undefined;
  #framesOfTurn = 0;
  #turnBeganMs = 0;

  /** The handshake is done. @param stream that the frames go over */
  over(stream: Duplex): void {
    this.#stream = stream;
    this.on('error', onError);
    this.on('message', onMessage);
    this.on('ping', onPing);
    this.on('pong', onPong);
    this.on('close', onClose);
  }

  /**
   * A frame for each message, in one piece: ws hands head and body to the socket apart, for twice the cost of an ack.
   * Nothing is compressed, so whatever ws sends itself (pongs, the close) goes out in the order of the calls.
   */
  override send(message: Message): void {
    const stream = this.#stream;
    if (stream === undefined || this.readyState !== WebSocket.OPEN) super.send(message);
    else if (typeof message !== 'string' && message.length <= shortBytes)
      stream.write(shortBinaryFrame(message));
    else if (typeof message === 'string' && message.length <= longTextBytes && isAscii(message))
      stream.write(textFrame(message), 'latin1');
    else super.send(message);
  }

  /**
   * One more frame came. Node goes on reading a socket that has more, up to 2 MiB, before it looks at another one. Whoever
   * sends faster than any device has to is heard for a third of the time, and the others in the rest.
   */
  heard(): void {
    this.#framesOfTurn += 1;
    if (this.#framesOfTurn < framesOfTurn) return;
    this.#framesOfTurn = 0;
    const nowMs = performance.now();
    const tookMs = nowMs - this.#turnBeganMs;
    this.#turnBeganMs = nowMs;
    if (tookMs > turnMs || this.isPaused) return;
    this.pause();
    setImmediate(letOthers, this);
  }

  /** How long its turn took so far, ms: to be asked when what was read of it is handled, and the others have been heard. */
  get turnTookMs(): number {
    return performance.now() - this.#turnBeganMs;
  }

  /** ws itself closes without a reason when the device breaks the protocol. */
  override close(code?: number, reason?: string | Buffer): void {
    const own =
      reason === undefined ? faultsOfCodes.find((fault) => closeReasons[fault] === code) : undefined;
    super.close(code, own === undefined ? reason : closeReasonText(own));
  }
}

/** As many frames in a shorter time are a turn. */
const framesOfTurn = 100;
const turnMs = 100;

function letOthers(ws: DeviceWebSocket): void {
  setTimeout(resumeSocket, 2 * ws.turnTookMs, ws);
}

function resumeSocket(ws: DeviceWebSocket): void {
  ws.resume();
}

const faultsOfCodes = ['protocol-error', 'bad-utf8', 'too-many-fragments', 'frame-too-big'] as const;

function onMessage(this: WebSocket, data: RawData, isBinary: boolean): void {
  const ws = this as DeviceWebSocket;
  ws.heard();
  const { events } = ws;
  // A Buffer here is a view of a pooled chunk. It is read immediately, and never kept.
  if (isBinary) events?.binary(data as Buffer);
  else events?.text((data as Buffer).toString());
}

function onPing(this: WebSocket): void {
  const ws = this as DeviceWebSocket;
  ws.heard();
  ws.events?.pinged();
}

function onPong(this: WebSocket): void {
  const ws = this as DeviceWebSocket;
  ws.heard();
  ws.events?.pong();
}

function onClose(this: WebSocket, code: number, reason: Buffer): void {
  (this as DeviceWebSocket).events?.closed(code, reason.toString('utf8'));
}

/** ws closes with the right code itself; a broken link is reported by the `close` event that follows. */
function onError(this: WebSocket, error: Error & { code?: string }): void {
  const reason = faultOf(error.code ?? '');
  if (reason !== undefined) (this as DeviceWebSocket).events?.fault(reason);
}

function faultOf(code: string): CloseReason | undefined {
  if (code === 'WS_ERR_INVALID_UTF8') return 'bad-utf8';
  if (code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH') return 'frame-too-big';
  if (code === 'WS_ERR_TOO_MANY_BUFFERED_PARTS') return 'too-many-fragments';
  return code.startsWith('WS_ERR_') ? 'protocol-error' : undefined;
}

/** FIN and the opcode (RFC 6455 §5.2). */
const finalText = 0x81;
const finalBinary = 0x82;
/** The longest payload whose length stands in the second byte, and the longest with 16 bits of length. */
const shortBytes = 125;
const longTextBytes = 65_535;
const lengthOf16Bits = 126;

function isAscii(text: string): boolean {
  return Buffer.byteLength(text) === text.length;
}

/** The bytes of a whole frame, each as a character of Latin-1. @param text of ASCII, at most `longTextBytes` */
function textFrame(text: string): string {
  const { length } = text;
  if (length <= shortBytes) return String.fromCharCode(finalText, length) + text;
  return String.fromCharCode(finalText, lengthOf16Bits, length >> 8, length & 0xff) + text;
}

/** @param bytes at most `shortBytes` */
function shortBinaryFrame(bytes: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(2 + bytes.length);
  frame[0] = finalBinary;
  frame[1] = bytes.length;
  frame.set(bytes, 2);
  return frame;
}
