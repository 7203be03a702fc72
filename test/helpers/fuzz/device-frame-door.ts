/** The device protocol: frames of every type, good and nearly, and the bytes of RFC 6455 below them. */

import fc from 'fast-check';
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
import { basic } from '../devices/raw-http.ts';
import { RawWebSocket, wireFrame, type FrameOptions, type WireFrame } from '../devices/raw-websocket.ts';
import { makeDoor } from './door.ts';
import { endWithinMs } from './exchange.ts';
import type { FuzzRange } from './fuzz-range.ts';
import { mostly } from './mostly.ts';
import { attempts, jsonTexts, type JsonSchema, type Known } from './schema-values.ts';

/** Of this run: devices that are all a day behind are a reason for the hub to doubt its own clock. */
const nowMs = Date.now();

const known: Known = {
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
  { text: string } | { opcode: number; payload: Uint8Array; options: FrameOptions } | { bytes: Uint8Array };

const textPiece = jsonTexts(frame).map((text): Piece => ({ text }));

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
  if ('bytes' in piece) return Buffer.from(piece.bytes);
  return wireFrame(piece.opcode, Buffer.from(piece.payload), piece.options);
}

interface Visit {
  /** When the pieces come: after the welcome, right after the hello, or instead of it. */
  pieces: Piece[];
  when: 'open' | 'early' | 'never opened';
}

const visit = fc.record<Visit>({
  when: mostly<Visit['when']>(['open'], ['early', 'never opened']),
  // One broken frame ends a session, and nothing after it is read.
  pieces: fc.oneof(
    { weight: 3, arbitrary: fc.array(textPiece, { minLength: 1, maxLength: 10 }) },
    {
      weight: 1,
      arbitrary: fc.array(
        fc.oneof(
          { weight: 4, arbitrary: textPiece },
          { weight: 2, arbitrary: wirePiece },
          { weight: 1, arbitrary: bytePiece },
        ),
        { minLength: 1, maxLength: 10 },
      ),
    },
  ),
});

const goodHello = { type: 'hello', boot: 'b-1', deviceType: 'env-sensor@1', t1: 1_000 };
/** The uptime of the last heartbeat, which must be answered. */
const lastT1 = 987_654_321;

async function strike(range: FuzzRange, { when, pieces }: Visit): Promise<string> {
  const { hub } = range;
  const id = range.nextDevice();
  const lines = RawWebSocket.upgradeLines(
    { Authorization: basic(id, hub.secretOf(id)), 'Sec-WebSocket-Protocol': 'hub.v1.json' },
    '/v1/device',
  );
  const socket = await RawWebSocket.request(Number(new URL(hub.deviceUrl).port), lines);
  try {
    if (!socket.head.startsWith('HTTP/1.1 101')) throw new Error(`${id} was not let in: ${socket.head}`);
    if (when !== 'never opened') socket.write(wireFrame(1, JSON.stringify(goodHello)));
    if (when === 'open') await readUntil(socket, ({ type }) => type === 'welcome');
    socket.write(...pieces.map(bytesOf), wireFrame(1, JSON.stringify({ type: 'heartbeat', t1: lastT1 })));
    // What follows bytes without a frame may be taken for the rest of one, and wait for more.
    if (when !== 'open' || pieces.some((piece) => 'bytes' in piece)) socket.endSending();
    const last = await readUntil(socket, (said) => said.type === 'heartbeat' && said.t1 === lastT1);
    return `${when}: ${last}`;
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
  if (opcode !== 1) throw new Error(`the hub sent a frame of opcode ${opcode}`);
  const said = JSON.parse(payload.toString()) as HubFrame;
  const error = Object.hasOwn(hubFrameChecks, said.type) ? hubFrameChecks[said.type](said) : 'its type';
  if (error !== undefined) throw new Error(`the hub sent ${payload.toString()}: ${JSON.stringify(error)}`);
  return said;
}

export const deviceFrameDoor = makeDoor('frames', visit, strike);
