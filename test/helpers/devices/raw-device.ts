import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { WebSocket } from 'ws';
import { readCbor } from '../../../schemas/cbor/cbor-reader.ts';
import { writeCbor } from '../../../schemas/cbor/cbor-writer.ts';
import { subprotocols } from '../../../schemas/limits.ts';
import type { DeviceFrame, HubFrame } from '../../../schemas/index.ts';

/** A frame of the hub by its type; `ack` comes in two forms. */
type Of<Type extends HubFrame['type']> = Extract<HubFrame, { type: Type }>;

/** A device that does just what the test says: no heartbeats, no answers of its own, but for pongs. */
export interface RawDevice {
  readonly ws: WebSocket;
  readonly frames: readonly HubFrame[];
  send(frame: DeviceFrame | Record<string, unknown>): void;
  sendText(text: string): void;
  sendBytes(bytes: Uint8Array): void;
  /** The first frame of this type, past or coming, that `wanted` takes. @throws after `timeoutMs` (5,000) */
  next<Type extends HubFrame['type']>(
    type: Type,
    wanted?: (frame: Of<Type>) => boolean,
    timeoutMs?: number,
  ): Promise<Of<Type>>;
  /** Resolves with the close code and reason, past or coming. */
  readonly closed: Promise<{ code: number; reason: string }>;
  close(): void;
}

export interface RawDeviceOptions {
  /** `wss://…/v1/device` */
  url: string;
  id: string;
  secret: string;
  /** The hub's data folder, for its CA; not needed with plain ws. */
  dataDir?: string;
  /** Answer pings (RFC 6455 §5.5.3): true unless the test says otherwise. */
  autoPong?: boolean;
  /** How frames are written: JSON unless the test says otherwise. */
  encoding?: keyof typeof subprotocols;
}

/** Connects, without a hello. @throws when the upgrade is refused, with the status */
export async function connectRaw(options: RawDeviceOptions): Promise<RawDevice> {
  const { url, id, secret, dataDir, autoPong = true, encoding = 'json' } = options;
  const ws = new WebSocket(url, [subprotocols[encoding]], {
    autoPong,
    headers: { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` },
    ...(dataDir === undefined ? {} : { ca: readFileSync(join(dataDir, 'tls', 'ca.crt')) }),
  });
  const frames: HubFrame[] = [];
  const listeners = new Set<() => void>();
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    ws.on('close', (code, reason) => resolve({ code, reason: reason.toString() }));
  });
  ws.on('message', (data: Buffer, isBinary) => {
    frames.push(readFrame(data, isBinary));
    for (const listener of listeners) listener();
  });
  // A link that is cut under the device is part of many tests; `closed` tells of it.
  ws.on('error', () => undefined);
  // Rejects when an error comes first.
  await once(ws, 'open');

  function next<Type extends HubFrame['type']>(
    type: Type,
    wanted: (frame: Of<Type>) => boolean = () => true,
    timeoutMs = 5_000,
  ): Promise<Of<Type>> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        const found = frames.find(
          (frame): frame is Of<Type> => frame.type === type && wanted(frame as Of<Type>),
        );
        if (found === undefined) return;
        listeners.delete(look);
        clearTimeout(timer);
        resolve(found);
      };
      const timer = setTimeout(() => {
        listeners.delete(look);
        reject(new Error(`waited ${timeoutMs} ms in vain for ${type}; came: ${JSON.stringify(frames)}`));
      }, timeoutMs);
      listeners.add(look);
      look();
    });
  }

  return {
    ws,
    frames,
    closed,
    next,
    send: (frame) => ws.send(encoding === 'json' ? JSON.stringify(frame) : writeCbor(frame)),
    sendBytes: (bytes) => ws.send(bytes),
    sendText: (text) => ws.send(text),
    close: () => ws.terminate(),
  };
}

function readFrame(data: Buffer, isBinary: boolean): HubFrame {
  if (!isBinary) return JSON.parse(data.toString()) as HubFrame;
  const read = readCbor(data);
  if (read.kind !== 'read') throw new Error(`unreadable: ${data.toString('hex')}`);
  if (Array.isArray(read.value)) return { type: 'ack', upTo: (read.value as number[])[1] ?? 0 };
  return read.value as HubFrame;
}

/** `connectRaw`, then hello and welcome. `hello` adds to or replaces fields of the hello frame. */
export async function openRaw(
  options: RawDeviceOptions,
  hello: Record<string, unknown> = {},
): Promise<RawDevice & { welcome: Of<'welcome'> }> {
  const device = await connectRaw(options);
  device.send({ type: 'hello', boot: `b-${options.id}`, deviceType: 'env-sensor@1', t1: 1_000, ...hello });
  return { ...device, welcome: await device.next('welcome') };
}
