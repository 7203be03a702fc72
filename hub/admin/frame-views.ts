import { Buffer } from 'node:buffer';
import { cborText, readCbor } from '../../schemas/cbor/cbor-reader.ts';
import { shortCodes } from '../../schemas/cbor/short-telemetry.ts';
import type { FrameNack, FramePage, FrameRow } from '../../schemas/api/frames/frames.ts';
import type { Requester } from '../../schemas/api/requester.ts';
import { faultText } from '../../schemas/field-error.ts';
import type { NackFrame } from '../../schemas/index.ts';
import type { Clock } from '../../schemas/time/clock.ts';
import type { Auditor } from '../audit/audit.ts';
import type { Registry } from '../registry/registry.ts';
import type { FrameLog } from '../sessions/frames/frame-log.ts';
import { entryMarks, type FrameEntry } from '../sessions/frames/frame-ring.ts';

/** Who looks again at the same device within this time is not recorded again, ms. */
const lookMs = 600_000;
const rememberedLooks = 1_000;

export interface FrameQuery {
  device: string;
  /** Only what is newer than this entry. */
  after: number;
  limit: number;
}

interface Deps {
  frames: Pick<FrameLog, 'entries' | 'newest'>;
  registry: Pick<Registry, 'require'>;
  audit: Pick<Auditor, 'record'>;
  clock: Clock;
}

/** The frames of devices as people read them. They are parsed here, when somebody looks. */
export class FrameViews {
  readonly #deps: Deps;
  /** Who looked at which device, and when that was recorded, monotonic ms. */
  readonly #looks = new Map<string, number>();
  /** What was made of the frames of a device last, for others who watch it too. */
  readonly #made = new Map<string, { upTo: number; rows: readonly FrameRow[] }>();

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  /** @throws HubError `device-unknown` */
  async list({ device, after, limit }: FrameQuery, requester: Requester): Promise<FramePage> {
    const { id } = this.#deps.registry.require(device);
    await this.looked(requester, id);
    const { frames, missed } = this.since(id, after);
    // The newest, as long as nobody reads on from an earlier page.
    const some = after === 0 ? frames.slice(-limit) : frames.slice(0, limit);
    return missed === undefined ? { frames: some } : { frames: some, missed };
  }

  /** Records that somebody looks at the frames of the device. */
  async looked(requester: Requester, device: string): Promise<void> {
    const { audit, clock } = this.#deps;
    const key = `${device} ${requester.origin} ${requester.actor}`;
    const nowMs = clock.monotonic();
    const beforeMs = this.#looks.get(key);
    if (beforeMs !== undefined && nowMs - beforeMs < lookMs) return;
    this.#looks.delete(key);
    this.#looks.set(key, nowMs);
    const [oldest] = this.#looks.keys();
    if (this.#looks.size > rememberedLooks && oldest !== undefined) this.#looks.delete(oldest);
    await audit.record({ ...requester, action: 'device.tap', subject: device, outcome: 'done' });
  }

  /** Number of the device's newest entry. */
  newest(device: string): number {
    return this.#deps.frames.newest(device);
  }

  /** What was noted of the device after this entry. */
  since(device: string, after: number): FramePage {
    const rows = this.#rowsOf(device);
    const newest = rows.at(-1)?.n ?? 0;
    // Counted anew since: its frames had to go, and others have come.
    const from = after > newest ? 0 : after;
    const frames = rows.filter(({ n }) => n > from);
    const missed = from === 0 ? 0 : newest - from - frames.length;
    return missed > 0 ? { frames, missed } : { frames };
  }

  #rowsOf(device: string): readonly FrameRow[] {
    const { frames } = this.#deps;
    const upTo = frames.newest(device);
    const made = this.#made.get(device);
    if (made?.upTo === upTo) return made.rows;
    const rows = rowsOf(frames.entries(device));
    this.#made.clear();
    this.#made.set(device, { upTo, rows });
    return rows;
  }
}

/** Rows of entries in their order; each nack stands beside the frame that it refuses, too. */
function rowsOf(entries: Iterable<FrameEntry>): FrameRow[] {
  const rows: FrameRow[] = [];
  /** What the frames of this session name, and where they are in `rows`. */
  const named = new Map<string, number>();
  let lastIn: number | undefined;
  for (const entry of entries) {
    const at = rows.length;
    const read = readEntry(entry);
    const { frame } = read;
    const row = rowOf(entry, read);
    rows.push(row);
    if (row.kind === 'connected') named.clear();
    if (row.kind !== 'frame' || frame === undefined) {
      if (row.kind === 'frame' && row.way === 'in') lastIn = at;
      continue;
    }
    if (row.way === 'in') {
      lastIn = at;
      for (const name of namesOf(frame)) named.set(name, at);
    } else if (frame['type'] === 'nack') {
      const [name] = namesOf(frame);
      const refused = rows[(name === undefined ? lastIn : named.get(name)) ?? -1];
      row.nack = nackOf(frame as unknown as NackFrame);
      if (refused === undefined) continue;
      row.answers = refused.n;
      refused.nacks = [...(refused.nacks ?? []), row.nack];
    }
  }
  return rows;
}

/** What is read of a frame: as far as its nack looks into it, and as people read it. */
interface ReadEntry {
  /** Undefined: it is none, cannot be read, or is cut. */
  frame: Frame | undefined;
  text: string;
}

type Frame = Readonly<Record<string, unknown>>;

function readEntry({ mark, text, wholeLength }: FrameEntry): ReadEntry {
  if ((mark & entryMarks.binary) !== 0) return readBinary(Buffer.from(text, 'latin1'));
  if (mark > entryMarks.out || wholeLength !== undefined) return { frame: undefined, text };
  try {
    const value: unknown = JSON.parse(text);
    return { frame: typeof value === 'object' && value !== null ? (value as Frame) : undefined, text };
  } catch {
    // Shown as it is: what a device sends may be anything.
    return { frame: undefined, text };
  }
}

/** In diagnostic notation (RFC 8949 §8), or the bytes when they cannot be read. */
function readBinary(bytes: Buffer): ReadEntry {
  const read = readCbor(bytes);
  if (read.kind !== 'read') return { frame: undefined, text: `h'${bytes.toString('hex')}'` };
  const { value } = read;
  const text = cborText(value);
  if (!Array.isArray(value))
    return { frame: typeof value === 'object' && value !== null ? (value as Frame) : undefined, text };
  const [code, number] = value as unknown[];
  const isAck = code === shortCodes.ack;
  return { frame: isAck ? { type: 'ack', upTo: number } : { type: 'telemetry', seq: number }, text };
}

function rowOf(
  { n, timeMs, mark, text: kept, wholeLength }: FrameEntry,
  { frame, text }: ReadEntry,
): FrameRow {
  const what = mark & ~entryMarks.binary;
  const kind = what === entryMarks.connected ? 'connected' : what === entryMarks.closed ? 'closed' : 'frame';
  const type = frame?.['type'];
  const isBinary = mark !== what;
  const bytes = wholeLength ?? (isBinary ? kept.length : Buffer.byteLength(kept));
  return {
    n,
    timeMs,
    way: what === entryMarks.out || (kind === 'closed' && kept.startsWith('hub ')) ? 'out' : 'in',
    kind,
    bytes: kind === 'frame' ? bytes : 0,
    ...(typeof type === 'string' ? { type } : {}),
    text,
    ...(isBinary ? { binary: true as const } : {}),
    ...(wholeLength === undefined ? {} : { cut: true as const }),
  };
}

/** By what a nack can name the frame. */
function namesOf({ seq, re, id }: Frame): string[] {
  return typeof seq === 'number' ? [`seq ${seq}`] : [re, id].filter((name) => typeof name === 'string');
}

function nackOf({ code, retry, errors = [], rejectedSamples }: NackFrame): FrameNack {
  const [error] = errors;
  return {
    code,
    retry,
    ...(error === undefined ? {} : { message: faultText(error) }),
    ...(rejectedSamples === undefined ? {} : { samples: rejectedSamples.length }),
  };
}
