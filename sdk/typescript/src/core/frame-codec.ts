import { readCbor } from '../../../../schemas/cbor/cbor-reader.ts';
import { writeCbor } from '../../../../schemas/cbor/cbor-writer.ts';
import { shortCodes, shortenTelemetry, type ShortLayout } from '../../../../schemas/cbor/short-telemetry.ts';
import { limits, subprotocols } from '../../../../schemas/limits.ts';
import type { DeviceFrame, Sample } from '../../../../schemas/protocol/device-frames.ts';
import type { HubFrame } from '../../../../schemas/protocol/hub-frames.ts';
import { hubFrameOf, parseHubFrame } from './hub-frame.ts';

/** What one WebSocket message carries: text, or bytes. */
export type Message = string | Uint8Array<ArrayBuffer>;

/** How frames are written on a connection. */
export interface FrameCodec {
  readonly subprotocol: string;
  /** For the hello: what stands in which place of the short forms that it writes. */
  readonly layout?: string;
  write(frame: DeviceFrame): Message;
  /** @returns undefined for what is no frame of a hub */
  read(message: Message): HubFrame | undefined;
  /** @returns the most bytes that a sample takes; undefined when it cannot be written */
  sizeOf: (sample: Sample) => number | undefined;
}

const utf8 = new TextEncoder();

const jsonFrames: FrameCodec = {
  subprotocol: subprotocols.json,
  write: (frame) => JSON.stringify(frame),
  read: (message) => (typeof message === 'string' ? parseHubFrame(message) : undefined),
  sizeOf: (sample) => utf8.encode(JSON.stringify(sample)).length + 1,
};

const cborFrames: FrameCodec = {
  subprotocol: subprotocols.cbor,
  write: writeCbor,
  read: readBinary,
  sizeOf: (sample) => (isWritable(sample.data) ? writeCbor(sample).length + 1 : undefined),
};

/** @param cbor true: frames with names; a layout: telemetry in its short form, as far as it has one */
export function frameCodecOf(cbor: boolean | ShortLayout | undefined): FrameCodec {
  if (cbor === undefined || cbor === false) return jsonFrames;
  if (cbor === true) return cborFrames;
  const { fingerprint, streams } = cbor;
  return {
    ...cborFrames,
    layout: fingerprint,
    write: (frame) =>
      writeCbor((frame.type === 'telemetry' ? shortenTelemetry(frame, streams) : undefined) ?? frame),
  };
}

function readBinary(message: Message): HubFrame | undefined {
  if (typeof message === 'string' || message.length > limits.frameBytes) return undefined;
  const read = readCbor(message);
  if (read.kind !== 'read' || read.faults !== undefined) return undefined;
  const { value } = read;
  if (!Array.isArray(value)) return hubFrameOf(value);
  const [code, upTo] = value as unknown[];
  return code === shortCodes.ack ? hubFrameOf({ type: 'ack', upTo }) : undefined;
}

/** JSON can spell half a surrogate pair. UTF-8 cannot, and would have another character in its place. */
function isWritable(value: unknown): boolean {
  if (typeof value === 'string') return value.isWellFormed();
  if (typeof value !== 'object' || value === null) return true;
  return Object.entries(value).every(([name, member]) => name.isWellFormed() && isWritable(member));
}

/** The type of a frame; '' for what has none. */
export function typeOf(message: Message): string {
  if (typeof message === 'string') return /^\{"type":"([a-z-]+)"/.exec(message)?.[1] ?? '';
  const read = readCbor(message);
  const { value } = read.kind === 'read' ? read : {};
  const isNamed = typeof value === 'object' && value !== null && 'type' in value;
  return isNamed && typeof value.type === 'string' ? value.type : '';
}

/** For people; bytes in hexadecimal. */
export function textOf(message: Message): string {
  if (typeof message === 'string') return message;
  return [...message].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
}
