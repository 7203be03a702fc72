import { Buffer } from 'node:buffer';
import { readCbor } from '../../../schemas/cbor/cbor-reader.ts';
import { writeCbor } from '../../../schemas/cbor/cbor-writer.ts';
import { expandTelemetry } from '../../../schemas/cbor/expanded-telemetry.ts';
import { shortCodes, type ShortStreams } from '../../../schemas/cbor/short-telemetry.ts';
import type { HubFrame } from '../../../schemas/index.ts';
import { subprotocols } from '../../../schemas/limits.ts';
import { judgedFrame, parseDeviceFrame, undecodable, type ParsedFrame } from './frame-decoder.ts';

/** What one WebSocket message carries: text, or bytes. */
export type Message = string | Uint8Array;

/** How frames are written on a connection, by its subprotocol. */
export interface FrameCodec {
  readonly binary: boolean;
  /** @param streams in the order of which the device writes short forms; undefined before its hello, and when that says no layout */
  read(message: Message, streams: ShortStreams | undefined): ParsedFrame;
  write(frame: HubFrame): Message;
  /** `ack` of data frames. */
  ack(upTo: number): Message;
  /** A frame that was written as JSON for many devices. */
  fromJson(text: string): Message;
}

const jsonFrames: FrameCodec = {
  binary: false,
  read: (message) => parseDeviceFrame(String(message)),
  write: (frame) => JSON.stringify(frame),
  ack: (upTo) => `{"type":"ack","upTo":${upTo}}`,
  fromJson: (text) => text,
};

const cborFrames: FrameCodec = {
  binary: true,
  read: (message, streams) => parseCborFrame(message as Uint8Array, streams),
  write: writeCbor,
  ack: (upTo) => writeCbor([shortCodes.ack, upTo]),
  fromJson: (text) => lastNotice(text),
};

/** @param subprotocol of the connection; a device that offered none speaks JSON */
export function codecOf(subprotocol: string): FrameCodec {
  return subprotocol === subprotocols.cbor ? cborFrames : jsonFrames;
}

/** Bytes of the message. */
export function sizeOf(message: Message): number {
  return typeof message === 'string' ? Buffer.byteLength(message) : message.length;
}

/**
 * Bytes → one frame, or what is wrong with it, in the words of JSON frames. A short form becomes the frame that it stands for.
 */
export function parseCborFrame(bytes: Uint8Array, streams: ShortStreams | undefined): ParsedFrame {
  const read = readCbor(bytes);
  if (read.kind === 'bad-utf8') return read;
  if (read.kind === 'unreadable') return undecodable(read.fault);
  const { value, faults } = read;
  if (!Array.isArray(value)) return judgedFrame(value, faults, notShort(bytes));
  const items: readonly unknown[] = value;
  const expanded = expandTelemetry(items, streams);
  if (expanded === undefined) return { kind: 'unknown-type', frame: { type: items[0] } };
  const { frame, fault } = expanded;
  const [spoilt] = faults ?? [];
  const found = fault ?? (spoilt && ({ ...spoilt, in: 'frame' } as const));
  if (found !== undefined) return { kind: 'invalid', type: 'telemetry', frame, fault: found };
  return judgedFrame(frame, undefined, notShort(bytes));
}

function notShort({ length }: Uint8Array): { expected: string; got: () => string } {
  return { expected: 'a CBOR map or a short form', got: () => `${length} bytes of CBOR` };
}

/** The same notice goes to every device, one after the other. */
const lastNotice = remembersOne((text: string) => writeCbor(JSON.parse(text)));

function remembersOne<Result>(make: (text: string) => Result): (text: string) => Result {
  let last: { text: string; made: Result } | undefined;
  return (text) => {
    if (last?.text !== text) last = { text, made: make(text) };
    return last.made;
  };
}
