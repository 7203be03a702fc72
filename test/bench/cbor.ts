import { readFileSync } from 'node:fs';
import { writeCbor } from '../../schemas/cbor/cbor-writer.ts';
import { shortenTelemetry } from '../../schemas/cbor/short-telemetry.ts';
import { layoutOf } from '../../schemas/cbor/type-layout.ts';
import { compileDeviceType, type TelemetryFrame } from '../../schemas/index.ts';
import { subprotocols } from '../../schemas/limits.ts';
import { systemClock } from '../../schemas/time/clock.ts';
import { codecOf, type Message } from '../../hub/sessions/frames/frame-codec.ts';
import { FrameLog } from '../../hub/sessions/frames/frame-log.ts';
import { Ingest } from '../../hub/telemetry/ingest.ts';
import { Ledger } from '../../hub/telemetry/ledger.ts';
import type { LoadShedding } from '../../hub/telemetry/load-shedding.ts';
import type { Writer } from '../../hub/telemetry/writer.ts';
import { spreadOf } from './spread.ts';

const rounds = Number(process.env['BENCH_ROUNDS'] ?? 9);
const readingsPerRound = 120_000;

/**
 * What a message costs the hub from its bytes to its lines, in JSON and in CBOR with names and in its short form: noted, read,
 * judged, encoded. The rounds alternate. The goal: the short form costs no more than JSON.
 */
export function benchCbor(): Promise<object> {
  const batches = Object.fromEntries([1, 10, 300].map((count) => [`of${count}`, compare(count)]));
  return Promise.resolve({ rounds, ...batches });
}

type Way = 'json' | 'names' | 'short';
const ways: readonly Way[] = ['json', 'names', 'short'];

/** @param count readings of a message */
function compare(count: number): object {
  const messages = messagesOf(count);
  for (const way of ways) run(way, messages[way], count);
  const taken = Array.from({ length: rounds }, () => ({
    json: run('json', messages.json, count),
    names: run('names', messages.names, count),
    short: run('short', messages.short, count),
  }));
  const bytes = ways.map((way) => [way, messages[way][0]?.length ?? 0]);
  return {
    bytes: Object.fromEntries(bytes),
    jsonMicros: spreadOf(taken.map(({ json }) => json)),
    namesMicros: spreadOf(taken.map(({ names }) => names)),
    shortMicros: spreadOf(taken.map(({ short }) => short)),
    namesToJson: spreadOf(taken.map(({ json, names }) => names / json)),
    shortToJson: spreadOf(taken.map(({ json, short }) => short / json)),
  };
}

const definition: unknown = JSON.parse(
  readFileSync(new URL('../../schemas/device-types/env-sensor@1.json', import.meta.url), 'utf8'),
);
const type = compileDeviceType(definition, 'env-sensor@1');
const { streams } = layoutOf(type.definition);
let lines = 0;
const writer = {
  storeAway: false,
  addReading() {
    lines += 1;
    return true;
  },
  addSamples(_owner: unknown, _seq: number, some: readonly string[]) {
    lines += some.length;
    return true;
  },
};
const ingest = new Ingest(
  {
    writer: writer as unknown as Writer,
    ledger: new Ledger(),
    shedding: { admits: () => true } as unknown as LoadShedding,
    followers: [],
    clock: systemClock,
    hubClock: { doubted: false, range: () => ({ earliestMs: Date.now(), latestMs: Date.now() }) },
  },
  { maxAgeMs: 86_400_000, maxAheadMs: 60_000, backfillMaxAgeMs: 86_400_000 },
);
const channel = ingest.openChannel({ id: 'd-1', site: 'lab' }, type, 'b-1', new Map([['b-1', 0]]));
const owner = { account: channel.account, stored() {}, refusedByStore() {} };
const noted = new FrameLog(systemClock).of('d-1');

/** @returns CPU of this process, garbage collection with it, µs a message */
function run(way: Way, messages: readonly Buffer[], count: number): number {
  const codec = codecOf(way === 'json' ? subprotocols.json : subprotocols.cbor);
  const sent = Math.ceil(readingsPerRound / count);
  lines = 0;
  const began = process.cpuUsage();
  for (let n = 0; n < sent; n += 1) {
    const bytes = messages[n % messages.length] ?? Buffer.alloc(0);
    const message: Message = way === 'json' ? bytes.toString() : bytes;
    noted.received(message);
    const read = codec.read(message, streams);
    if (read.kind === 'frame' && read.frame.type === 'telemetry')
      ingest.telemetry(channel, owner, read.frame);
  }
  const { user, system } = process.cpuUsage(began);
  if (lines !== sent * count) throw new Error(`${way}: ${lines} lines of ${sent} messages of ${count}`);
  return (user + system) / sent;
}

function messagesOf(count: number): Record<Way, Buffer[]> {
  const frames = Array.from({ length: 97 }, (_, n) => frameOf(n, count));
  return {
    json: frames.map((frame) => Buffer.from(JSON.stringify(frame))),
    names: frames.map((frame) => Buffer.from(writeCbor(frame))),
    short: frames.map((frame) => Buffer.from(writeCbor(shortenTelemetry(frame, streams)))),
  };
}

function frameOf(n: number, count: number): TelemetryFrame {
  const samples = Array.from({ length: count }, (_, at) => ({
    ts: Date.now() + at,
    data: {
      temperature: (2_150 + ((n * 7 + at) % 90)) / 100,
      humidity: (405 + ((n + at) % 11)) / 10,
      battery: (3_709 - (at % 3)) / 1_000,
      rssi: -60 - ((n + at) % 5),
    },
  }));
  const [one] = samples;
  const head = { type: 'telemetry', seq: n + 1, stream: 'env' } as const;
  return count === 1 ? { ...head, ...one } : { ...head, samples };
}
