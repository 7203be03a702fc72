/** The device protocol: frames of every type, good and nearly, and the bytes of RFC 6455 below them. */

import fc from 'fast-check';
import { readCbor } from '../../../schemas/cbor/cbor-reader.ts';
import { writeCbor } from '../../../schemas/cbor/cbor-writer.ts';
import { subprotocols } from '../../../schemas/limits.ts';
import { closeCodes } from '../../../schemas/protocol/close-codes.ts';
import { hubFrameChecks } from '../../../schemas/protocol/frame-checks.ts';
import type { HubFrame } from '../../../schemas/index.ts';
import bye from '../../../schemas/protocol/bye.schema.json' with { type: 'json' };
import event from '../../../schemas/protocol/event.schema.json' with { type: 'json' };
import heartbeat from '../../../schemas/protocol/heartbeat.schema.json' with { type: 'json' };
import hello from '../../../schemas/protocol/hello.schema.json' with { type: 'json' };
import progress from '../../../schemas/protocol/progress.schema.json' with { type: 'json' };
import received from '../../../schemas/protocol/received.schema.json' with { type: 'json' };
import result from '../../../schemas/protocol/result.schema.json' with { type: 'json' };
import telemetry from '../../../schemas/protocol/telemetry.schema.json' with { type: 'json' };
import { layoutOf } from '../../../schemas/cbor/type-layout.ts';
import type { DeviceTypeDefinition } from '../../../schemas/device-type-definition.ts';
import envSensor from '../../../schemas/device-types/env-sensor@1.json' with { type: 'json' };
import { basic } from '../devices/raw-http.ts';
import { RawWebSocket, wireFrame, type FrameOptions, type WireFrame } from '../devices/raw-websocket.ts';
import { makeDoor } from './door.ts';
import { endWithinMs } from './exchange.ts';
import type { FuzzRange } from './fuzz-range.ts';
import { mostly } from './mostly.ts';
import { attempts, jsonTexts, type JsonSchema, type Known } from './schema-values.ts';

/** Of this run: devices that are all a day behind are a reason for the hub to doubt its own clock. */
const nowMs = Date.now();

/** Of the device's type, which makes its short forms readable. */
const layout = layoutOf(envSensor as DeviceTypeDefinition).fingerprint;

const known: Known = {
  layout: [layout, '4-0123456789abcdef'],
  deviceType: ['env-sensor@1', 'smart-valve@1', 'env-sensor@9'],
  boot: ['b-1', 'b-2'],
  seq: [1, 2, 3, 4],
  stream: ['env', 'event', 'presence'],
  data: [{ temperature: 20 }, { temperature: 20, humidity: 50 }, { temperature: 900 }, {}],
  ts: [nowMs, nowMs + 0.001],
  up: [1_000, 2_000.5],
  t1: [1_000, 2_000],
  clock: [nowMs],
  re: ['c-1'],
};

const schemas: readonly JsonSchema[] = [
  hello,
  telemetry,
  event,
  heartbeat,
  received,
  progress,
  result,
  bye,
].map((schema) => schema as JsonSchema);

const frame = fc.oneof(...schemas.map((schema) => attempts(schema, known)));

/** What is sent: a text frame, a frame with anything in its head, or bytes outside any frame. */
type Piece =
  | { text: string }
  | { cbor: Uint8Array }
  | { opcode: number; payload: Uint8Array; options: FrameOptions }
  | { bytes: Uint8Array };

const textPiece = jsonTexts(frame).map((text): Piece => ({ text }));

const number = fc.oneof(fc.integer({ min: -3, max: 600 }), fc.double(), fc.constantFrom(nowMs, 2 ** 53));
const item = fc.oneof(number, fc.constantFrom(null, undefined, true, 'x'));

/** The short forms of telemetry, good and nearly. */
const shortForm = fc.tuple(
  mostly([1, 3], number),
  mostly([1, 2, 3], number),
  mostly([0], number),
  fc.oneof(fc.constantFrom(nowMs, 2), fc.array(number, { maxLength: 4 })),
  fc.array(fc.oneof(item, fc.array(item, { maxLength: 4 })), { maxLength: 6 }),
  fc.array(item, { maxLength: 4 }),
);

/** CBOR with a byte here and there that is another. */
const cborPiece = fc
  .tuple(
    fc.oneof(frame, shortForm),
    mostly([[]], fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 3 })),
  )
  .map(([value, changes]): Piece => {
    const cbor = writeCbor(value);
    for (const [at, byte] of changes) cbor[at % cbor.length] = byte;
    return { cbor };
  });

const anyPayload = fc.oneof(
  fc.uint8Array({ maxLength: 130 }),
  jsonTexts(frame).map((text) => Uint8Array.from(Buffer.from(text))),
  fc
    .constantFrom(0, 999, 1000, 1005, 2999, 4999, 65_535)
    .map((code) => Uint8Array.from([code >> 8, code & 0xff])),
);

/** One frame with anything in its head (RFC 6455 §5.2). */
const wirePiece: fc.Arbitrary<Piece> = fc.record({
  opcode: fc.nat(15),
  payload: anyPayload,
  options: fc.record({
    fin: fc.boolean(),
    rsv: mostly([0], fc.nat(7)),
    masked: mostly([true], [false]),
  }),
});

const bytePiece = fc.uint8Array({ minLength: 1, maxLength: 40 }).map((bytes): Piece => ({ bytes }));

function bytesOf(piece: Piece): Buffer {
  if ('text' in piece) return wireFrame(1, piece.text);
  if ('cbor' in piece) return wireFrame(2, Buffer.from(piece.cbor));
  if ('bytes' in piece) return Buffer.from(piece.bytes);
  return wireFrame(piece.opcode, Buffer.from(piece.payload), piece.options);
}

interface Visit {
  encoding: keyof typeof subprotocols;
  /** When the pieces come: after the welcome, right after the hello, or instead of it. */
  pieces: Piece[];
  when: 'open' | 'early' | 'never opened';
}

/** One broken frame ends a session, and nothing after it is read. */
function piecesOf(good: fc.Arbitrary<Piece>): fc.Arbitrary<Piece[]> {
  const any = fc.oneof(
    { weight: 4, arbitrary: good },
    { weight: 2, arbitrary: wirePiece },
    { weight: 1, arbitrary: bytePiece },
  );
  return fc.oneof(
    { weight: 3, arbitrary: fc.array(good, { minLength: 1, maxLength: 10 }) },
    { weight: 1, arbitrary: fc.array(any, { minLength: 1, maxLength: 10 }) },
  );
}

const visit = fc
  .record({
    when: mostly<Visit['when']>(['open'], ['early', 'never opened']),
    frames: fc.oneof(
      fc.record({ encoding: fc.constant('json' as const), pieces: piecesOf(textPiece) }),
      fc.record({ encoding: fc.constant('cbor' as const), pieces: piecesOf(cborPiece) }),
    ),
  })
  .map(({ when, frames }): Visit => ({ when, ...frames }));

const goodHello = { type: 'hello', boot: 'b-1', deviceType: 'env-sensor@1', t1: 1_000, layout };
/** The uptime of the last heartbeat, which must be answered. */
const lastT1 = 987_654_321;

function written(sound: object, encoding: Visit['encoding']): Buffer {
  if (encoding === 'json') return wireFrame(1, JSON.stringify(sound));
  return wireFrame(2, Buffer.from(writeCbor(sound)));
}

async function strike(range: FuzzRange, { encoding, when, pieces }: Visit): Promise<string> {
  const { hub } = range;
  const id = range.nextDevice();
  const lines = RawWebSocket.upgradeLines(
    { Authorization: basic(id, hub.secretOf(id)), 'Sec-WebSocket-Protocol': subprotocols[encoding] },
    '/v1/device',
  );
  const socket = await RawWebSocket.request(Number(new URL(hub.deviceUrl).port), lines);
  try {
    if (!socket.head.startsWith('HTTP/1.1 101')) throw new Error(`${id} was not let in: ${socket.head}`);
    if (when !== 'never opened') socket.write(written(goodHello, encoding));
    if (when === 'open') await readUntil(socket, ({ type }) => type === 'welcome');
    socket.write(...pieces.map(bytesOf), written({ type: 'heartbeat', t1: lastT1 }, encoding));
    // What follows bytes without a frame may be taken for the rest of one, and wait for more.
    if (when !== 'open' || pieces.some((piece) => 'bytes' in piece)) socket.endSending();
    const last = await readUntil(socket, (said) => said.type === 'heartbeat' && said.t1 === lastT1);
    return `${encoding}, ${when}: ${last}`;
  } finally {
    socket.destroy();
  }
}

/**
 * Reads what the hub says until it says this, or ends.
 * @returns the type of what came last, or how it ended
 * @throws when it may not say what it says, or says nothing more
 */
async function readUntil(socket: RawWebSocket, isLast: (said: HubFrame) => boolean): Promise<string> {
  for (;;) {
    const came = await socket.nextOrEnd(endWithinMs);
    if (came === undefined) return 'ended';
    const said = judged(came);
    if (typeof said === 'number') return `closed ${said}`;
    if (said !== undefined && isLast(said)) return said.type;
  }
}

const codes: ReadonlySet<number> = new Set(Object.values(closeCodes));

/** @returns what it says, or the code it closes with; undefined for a ping or a pong @throws when the hub may not send it */
function judged({ opcode, payload, masked, rsv }: WireFrame): HubFrame | number | undefined {
  if (masked || rsv !== 0) throw new Error('a frame of the hub is masked, or has a reserved bit');
  if (opcode === 9 || opcode === 10) return undefined;
  if (opcode === 8) {
    const code = payload.length === 0 ? 1005 : payload.readUInt16BE(0);
    // A device that closes gets its own code back (RFC 6455 §5.5.1), which may be any of §7.4.2.
    const own = code >= 1_000 && code < 5_000;
    if (!codes.has(code) && !own) throw new Error(`the hub closed with ${code}`);
    return code;
  }
  if (opcode !== 1 && opcode !== 2) throw new Error(`the hub sent a frame of opcode ${opcode}`);
  const said = opcode === 1 ? (JSON.parse(payload.toString()) as HubFrame) : binaryFrame(payload);
  const error = Object.hasOwn(hubFrameChecks, said.type) ? hubFrameChecks[said.type](said) : 'its type';
  if (error !== undefined) throw new Error(`the hub sent ${payload.toString()}: ${JSON.stringify(error)}`);
  return said;
}

function binaryFrame(payload: Buffer): HubFrame {
  const read = readCbor(payload);
  if (read.kind !== 'read' || read.faults !== undefined)
    throw new Error(`the hub sent ${payload.toString('hex')}`);
  if (Array.isArray(read.value)) return { type: 'ack', upTo: Number((read.value as unknown[])[1]) };
  return read.value as HubFrame;
}

export const deviceFrameDoor = makeDoor('frames', visit, strike);
