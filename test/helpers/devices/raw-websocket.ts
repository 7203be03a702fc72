import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { waitFor } from '../wait-for.ts';

/** A frame as it stands on the wire (RFC 6455 §5.2). */
export interface WireFrame {
  fin: boolean;
  rsv: number;
  opcode: number;
  masked: boolean;
  payload: Buffer;
}

export interface FrameOptions {
  fin?: boolean;
  /** The three reserved bits, 4 being RSV1. */
  rsv?: number;
  masked?: boolean;
  /** Writes the length in this form, whatever it is: 7, 16 or 64 bits. */
  lengthBits?: 7 | 16 | 64;
}

/** One frame as bytes, with nothing checked. */
export function wireFrame(opcode: number, payload: Buffer | string, options: FrameOptions = {}): Buffer {
  const { fin = true, rsv = 0, masked = true } = options;
  const data = Buffer.from(payload);
  const natural = data.length < 126 ? 7 : data.length < 65_536 ? 16 : 64;
  const { lengthBits = natural } = options;
  const head = Buffer.alloc(lengthBits === 7 ? 2 : lengthBits === 16 ? 4 : 10);
  head[0] = (fin ? 0x80 : 0) | (rsv << 4) | opcode;
  const mask = masked ? 0x80 : 0;
  if (lengthBits === 7) head[1] = mask | data.length;
  else if (lengthBits === 16) {
    head[1] = mask | 126;
    head.writeUInt16BE(data.length, 2);
  } else {
    head[1] = mask | 127;
    head.writeBigUInt64BE(BigInt(data.length), 2);
  }
  if (!masked) return Buffer.concat([head, data]);
  const key = randomBytes(4);
  const hidden = Buffer.from(data.map((byte, index) => byte ^ (key[index % 4] ?? 0)));
  return Buffer.concat([head, key, hidden]);
}

/** A TCP socket that speaks WebSocket only as far as the test writes it. */
export class RawWebSocket {
  readonly #socket: Socket;
  #received = Buffer.alloc(0);
  /** Of the handshake: status line and headers. */
  head = '';
  ended = false;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk]);
    });
    socket.on('close', () => {
      this.ended = true;
    });
    socket.on('error', () => {});
  }

  /**
   * Sends the request as given, `\r\n` after each line, and reads the answer's head.
   * @param from the address it comes from, of this machine
   */
  static async request(port: number, lines: readonly string[], from = '127.0.0.1'): Promise<RawWebSocket> {
    const socket = connect({ port, host: '127.0.0.1', localAddress: from });
    await once(socket, 'connect');
    const raw = new RawWebSocket(socket);
    socket.write(`${lines.join('\r\n')}\r\n\r\n`);
    await waitFor(() => raw.#received.includes('\r\n\r\n') || raw.ended, { what: 'the head of the answer' });
    const end = raw.#received.indexOf('\r\n\r\n');
    raw.head = raw.#received.subarray(0, end).toString('latin1');
    raw.#received = raw.#received.subarray(end + 4);
    return raw;
  }

  static upgradeLines(changes: Readonly<Record<string, string | undefined>> = {}, path = '/'): string[] {
    const headers = {
      Host: 'localhost',
      Upgrade: 'websocket',
      Connection: 'Upgrade',
      'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
      'Sec-WebSocket-Version': '13',
      ...changes,
    };
    const given = Object.entries(headers).filter(([, value]) => value !== undefined);
    return [`GET ${path} HTTP/1.1`, ...given.map(([name, value]) => `${name}: ${value}`)];
  }

  static open(port: number): Promise<RawWebSocket> {
    return RawWebSocket.request(port, RawWebSocket.upgradeLines());
  }

  write(...bytes: readonly Buffer[]): void {
    this.#socket.write(Buffer.concat(bytes));
  }

  /** The next frame of the server. */
  async frame(): Promise<WireFrame> {
    return waitFor(() => this.#take(), { what: 'a frame of the server' });
  }

  /** The next frame of the server; undefined when it has ended the connection instead. */
  async nextOrEnd(timeoutMs: number): Promise<WireFrame | undefined> {
    const what = 'a frame of the server, or the end';
    const next = await waitFor(() => this.#take() ?? (this.ended ? 'end' : undefined), { what, timeoutMs });
    return next === 'end' ? undefined : next;
  }

  /** Closes our half of the connection; the server may still speak. */
  endSending(): void {
    this.#socket.end();
  }

  /** The code of the close frame that comes next, and then the end of the connection. */
  async closeCode(): Promise<number> {
    const { opcode, payload } = await this.frame();
    if (opcode !== 8) throw new Error(`not a close frame: opcode ${opcode}, ${payload.toString()}`);
    return payload.length === 0 ? 1005 : payload.readUInt16BE(0);
  }

  async end(): Promise<void> {
    await waitFor(() => this.ended, { what: 'the server ends the connection' });
  }

  /** What came behind the head, until the server ended the connection. */
  async rest(): Promise<string> {
    await this.end();
    return this.#received.toString();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #take(): WireFrame | undefined {
    const bytes = this.#received;
    const [first = 0, second = 0] = bytes;
    if (bytes.length < 2) return undefined;
    const short = second & 0x7f;
    const start = short < 126 ? 2 : short === 126 ? 4 : 10;
    if (bytes.length < start) return undefined;
    const length =
      short < 126 ? short : short === 126 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
    if (bytes.length < start + length) return undefined;
    this.#received = bytes.subarray(start + length);
    return {
      fin: (first & 0x80) !== 0,
      rsv: (first >> 4) & 7,
      opcode: first & 0xf,
      masked: (second & 0x80) !== 0,
      payload: bytes.subarray(start, start + length),
    };
  }
}

/** What a server answers to a key (RFC 6455 §4.2.2). */
export function acceptOf(key: string): string {
  return createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
}
