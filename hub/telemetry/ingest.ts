import { expectedName } from '../../schemas/expected-name.ts';
import { cutText } from '../../schemas/cut-text.ts';
import type {
  DeviceType,
  EventFrame,
  FieldError,
  LogFrame,
  NackCode,
  ReadingTime,
  StreamType,
  TelemetryFrame,
} from '../../schemas/index.ts';
import type { AnchorStep } from '../registry/device-store.ts';
import type { Clock } from '../../schemas/time/clock.ts';
import { logMeasurement } from './device-logs.ts';
import type { HubClock } from './clock/hub-clock.ts';
import type { LoadShedding, Rank } from './load-shedding.ts';
import type { FrameOwner } from './batch.ts';
import type { LedgerAccount, Ledger } from './ledger.ts';
import { compileFieldEncoder, encodePrefix, encodeTimeUs, findUnwritable } from './line-protocol.ts';
import type { ReadingFollower } from './reading-follower.ts';
import type { Writer } from './writer.ts';

/** Why a frame, or some of its samples, is refused: the body of a nack. */
export interface FrameRefusal {
  code: NackCode;
  errors?: readonly FieldError[];
  rejectedSamples?: readonly number[];
  /** When to send it again, ms; not given: as the code says. */
  retryAfterMs?: number;
  /** The hub's time, with `clock`. */
  now?: number;
}

/** What was refused, and whether anything of the frame is on its way to the store. */
export interface FrameVerdict {
  taken: boolean;
  refusals: readonly FrameRefusal[];
}

export interface IngestOptions {
  /** A time older than this is refused, unless it is backfill. */
  maxAgeMs: number;
  /** A time further ahead is refused. */
  maxAheadMs: number;
  /** Backfill older than this is refused. */
  backfillMaxAgeMs: number;
  /** Whatever is older is refused: it would be removed soon after it was acked. */
  retentionMs?: number | undefined;
}

export interface IngestDeps {
  writer: Writer;
  ledger: Ledger;
  shedding: LoadShedding;
  /** Notified of what is accepted, once it is on its way to the store. */
  followers: readonly ReadingFollower[];
  clock: Clock;
  hubClock: Pick<HubClock, 'doubted' | 'range'>;
}

/** Encodes the data of one stream as fields of line protocol. */
interface StreamEncoder {
  stream: StreamType;
  prefix: string;
  encode: (data: Readonly<Record<string, unknown>>) => string;
}

/** What one session needs to encode its frames as lines; built once, at welcome. */
export interface Channel {
  deviceId: string;
  account: LedgerAccount;
  streams: ReadonlyMap<string, StreamEncoder>;
  type: DeviceType;
  eventTags: Readonly<Record<string, string>>;
  boot: string;
  /** Boot → hub time (Unix ms) of its uptime 0. */
  anchors: ReadonlyMap<string, number>;
  /** Further anchors, by rising uptime; a session adds to them when it finds its device's clock drifting. */
  steps: AnchorStep[];
}

/** Encoders are built once per stream schema, whatever the number of sessions. */
const fieldEncoders = new WeakMap<StreamType, StreamEncoder['encode']>();
const encodeEventData = compileFieldEncoder([{ name: 'data', kind: 'string', tag: false }]);
const encodeLog = compileFieldEncoder(
  ['level', 'msg', 'tag'].map((name) => ({ name, kind: 'string', tag: false })),
);

/**
 * 2015: an earlier time is none that a device measured at. It has no clock, or it sends seconds for milliseconds, which
 * backfill would take for a time in January 1970. Unix ms.
 */
const earliestReadingMs = Date.UTC(2015, 0, 1);

/** A reading refused for its time: no other number is one. */
const noTime = Number.NaN;

/** Frame → checked → lines → writer. Holds no session; each call says whose frame it is. */
export class Ingest {
  readonly #writer: Writer;
  readonly #ledger: Ledger;
  readonly #shedding: LoadShedding;
  readonly #followers: readonly ReadingFollower[];
  readonly #clock: Clock;
  readonly #hubClock: IngestDeps['hubClock'];
  readonly #options: IngestOptions;
  /** The time of the line made last, Unix ms: a second result without an object for it. */
  #lineTimeMs = 0;
  /** The data of that line, without what was null. */
  #lineData: unknown;
  /** Fields that were null and left out. */
  nullFields = 0;
  constructor(deps: IngestDeps, options: IngestOptions) {
    this.#writer = deps.writer;
    this.#ledger = deps.ledger;
    this.#shedding = deps.shedding;
    this.#followers = deps.followers;
    this.#clock = deps.clock;
    this.#hubClock = deps.hubClock;
    this.#options = options;
  }

  /** True while frames may wait a long time for their ack, however fast they come. */
  get storeAway(): boolean {
    return this.#writer.storeAway;
  }

  /** @param anchors boot → hub time of its uptime 0, this boot's among them. */
  openChannel(
    device: { id: string; site: string },
    type: DeviceType,
    boot: string,
    anchors: ReadonlyMap<string, number>,
    steps: readonly AnchorStep[] = [],
  ): Channel {
    const tags = { device: device.id, site: device.site, type: type.name };
    const streams = new Map<string, StreamEncoder>();
    for (const stream of type.streams.values()) {
      let encode = fieldEncoders.get(stream);
      if (encode === undefined) {
        encode = compileFieldEncoder(stream.fields);
        fieldEncoders.set(stream, encode);
      }
      streams.set(stream.name, { stream, prefix: encodePrefix(stream.measurement, tags), encode });
    }
    const account = this.#ledger.account(device.id);
    return { deviceId: device.id, account, streams, type, eventTags: tags, boot, anchors, steps: [...steps] };
  }

  /** The anchor (Unix ms at uptime 0) of the channel's own boot at this uptime. */
  anchorOf(channel: Channel, uptimeMs: number): number {
    return anchorAt(channel, channel.boot, uptimeMs) ?? this.#clock.now() - uptimeMs;
  }

  /**
   * @param spoilt samples that are refused whatever their data, by index
   * @returns undefined when all of the frame is on its way to the store; it settles through `owner`.
   */
  telemetry(
    channel: Channel,
    owner: FrameOwner,
    frame: TelemetryFrame,
    spoilt?: ReadonlyMap<number, FieldError>,
  ): FrameVerdict | undefined {
    const encoder = channel.streams.get(frame.stream);
    if (frame.samples !== undefined) return this.#samples(channel, owner, frame, encoder, spoilt);
    this.#ledger.received(channel.account, 1);
    if (!this.#shedding.admits(rankOf(frame))) return this.#refuse(channel, { code: 'overloaded' });
    if (encoder === undefined)
      return this.#refuse(channel, { code: 'unknown-stream', errors: [unknownStream(frame, channel)] });
    const line = this.#line(encoder, frame.data, frame, frame, channel, this.#clock.now());
    if (typeof line !== 'string') return this.#refuse(channel, line);
    if (!this.#writer.addReading(owner, frame.seq, line))
      return this.#refuse(channel, { code: 'overloaded' });
    for (const follower of this.#followers)
      follower.reading(channel.deviceId, frame.stream, this.#lineTimeMs, this.#lineData);
    return undefined;
  }

  /** An event: one point of measurement `event`. */
  event(channel: Channel, owner: FrameOwner, frame: EventFrame): FrameVerdict | undefined {
    this.#ledger.received(channel.account, 1);
    if (!this.#shedding.admits('event')) return this.#refuse(channel, { code: 'overloaded' });
    const type = channel.type.events.get(frame.name);
    if (type === undefined) {
      const expected = expectedName(channel.type.id, 'events', channel.type.events);
      const error: FieldError = { path: '/name', keyword: 'enum', expected, got: frame.name, in: 'frame' };
      return this.#refuse(channel, { code: 'unknown-stream', errors: [error] });
    }
    const data = frame.data ?? {};
    const fault = type.check(data);
    if (fault !== undefined) return this.#refuse(channel, { code: 'schema', errors: [fault] });
    const now = this.#clock.now();
    const timeMs = this.#time(frame, frame, channel, now);
    if (Number.isNaN(timeMs)) return this.#refuse(channel, this.#clockRefusal(frame, frame, channel, now));
    const tags = { ...channel.eventTags, name: frame.name, severity: frame.severity };
    const fields = encodeEventData({ data: JSON.stringify(data) });
    const line = `${encodePrefix('event', tags)}${fields} ${encodeTimeUs(timeMs)}`;
    if (!this.#writer.addReading(owner, frame.seq, line))
      return this.#refuse(channel, { code: 'overloaded' });
    for (const follower of this.#followers)
      follower.event(channel.deviceId, frame.name, frame.severity, timeMs, data);
    return undefined;
  }

  /** A line of the device's log: one point. */
  log(channel: Channel, owner: FrameOwner, frame: LogFrame): FrameVerdict | undefined {
    this.#ledger.received(channel.account, 1);
    if (!channel.type.logs)
      return this.#refuse(channel, { code: 'unknown-stream', errors: [noLogs(channel)] });
    if (!this.#shedding.admits('log')) return this.#refuse(channel, { code: 'overloaded' });
    const now = this.#clock.now();
    const timeMs = this.#time(frame, frame, channel, now);
    if (Number.isNaN(timeMs)) return this.#refuse(channel, this.#clockRefusal(frame, frame, channel, now));
    const { level, msg, tag } = frame;
    const fields = encodeLog({ level, msg, tag });
    const line = `${encodePrefix(logMeasurement, channel.eventTags)}${fields} ${encodeTimeUs(timeMs + lineOffsetMs(timeMs, frame))}`;
    return this.#writer.addReading(owner, frame.seq, line)
      ? undefined
      : this.#refuse(channel, { code: 'overloaded' });
  }

  #samples(
    channel: Channel,
    owner: FrameOwner,
    frame: TelemetryFrame,
    encoder: StreamEncoder | undefined,
    spoilt: ReadonlyMap<number, FieldError> | undefined,
  ): FrameVerdict | undefined {
    const samples = frame.samples ?? [];
    this.#ledger.received(channel.account, samples.length);
    if (!this.#shedding.admits(rankOf(frame))) {
      return this.#refuse(channel, { code: 'overloaded' }, samples.length);
    }
    if (encoder === undefined) {
      return this.#refuse(
        channel,
        { code: 'unknown-stream', errors: [unknownStream(frame, channel)] },
        samples.length,
      );
    }
    const now = this.#clock.now();
    const lines: string[] = [];
    const kept: number[] = [];
    const accepted: { ts: number; data: unknown }[] = [];
    const refusals = new Map<NackCode, { refusal: FrameRefusal; rejectedSamples: number[] }>();
    for (const [index, sample] of samples.entries()) {
      const fault = spoilt?.get(index);
      const line: string | FrameRefusal =
        fault === undefined
          ? this.#line(encoder, sample.data, sample, frame, channel, now)
          : { code: 'schema', errors: [fault] };
      if (typeof line === 'string') {
        lines.push(line);
        kept.push(index);
        accepted.push({ ts: this.#lineTimeMs, data: this.#lineData });
        continue;
      }
      const same = refusals.get(line.code);
      // The error of the first bad sample represents all samples with this code.
      if (same === undefined) refusals.set(line.code, { refusal: line, rejectedSamples: [index] });
      else same.rejectedSamples.push(index);
    }
    const bad = [...refusals.values()].map(({ refusal, rejectedSamples }) => ({
      ...refusal,
      rejectedSamples,
    }));
    for (const { code, rejectedSamples } of bad) {
      this.#ledger.rejected(channel.account, code, rejectedSamples.length);
    }
    if (lines.length === 0) return { taken: false, refusals: bad };
    if (!this.#writer.addSamples(owner, frame.seq, lines, bad.length === 0 ? undefined : kept)) {
      this.#ledger.rejected(channel.account, 'overloaded', lines.length);
      const overloaded: FrameRefusal = { code: 'overloaded' };
      return {
        taken: false,
        refusals: [...bad, bad.length === 0 ? overloaded : { ...overloaded, rejectedSamples: kept }],
      };
    }
    for (const follower of this.#followers) follower.readings(channel.deviceId, frame.stream, accepted);
    return bad.length === 0 ? undefined : { taken: true, refusals: bad };
  }

  /** @returns the line of one reading (its time is left in `#lineTimeMs`), or why it is refused. */
  #line(
    encoder: StreamEncoder,
    data: unknown,
    time: ReadingTime,
    frame: TelemetryFrame,
    channel: Channel,
    now: number,
  ): string | FrameRefusal {
    const fault = encoder.stream.check(data);
    if (fault !== undefined) return { code: 'schema', errors: [fault] };
    let reading = data as Readonly<Record<string, unknown>>;
    const { nullable } = encoder.stream;
    const nulls = nullable.length === 0 ? 0 : countNulls(nullable, reading);
    if (nulls > 0) reading = withoutNulls(reading);
    const fields = encoder.encode(reading);
    if (fields === '') return { code: 'schema', errors: [unwritable(encoder.stream, reading)] };
    const timeMs = this.#time(time, frame, channel, now);
    if (Number.isNaN(timeMs)) return this.#clockRefusal(time, frame, channel, now);
    this.#lineTimeMs = timeMs;
    this.#lineData = reading;
    this.nullFields += nulls;
    return `${encoder.prefix}${fields} ${encodeTimeUs(timeMs)}`;
  }

  /** The reading's time, Unix ms; `noTime` when it cannot be known or is outside the window. */
  #time(time: ReadingTime, frame: TimedFrame, channel: Channel, now: number): number {
    const timeMs = timeOf(time, frame, channel);
    // No number is within the bounds of one that is none.
    if (!(timeMs >= earliestReadingMs)) return noTime;
    const ageMs = this.#oldestMs(frame);
    const { maxAheadMs } = this.#options;
    if (timeMs <= now + maxAheadMs && timeMs >= now - ageMs) return timeMs;
    // The clock may be wrong: it is looked at before anything is refused by it.
    const { earliestMs, latestMs } = this.#hubClock.range();
    return timeMs <= latestMs + maxAheadMs && timeMs >= earliestMs - ageMs ? timeMs : noTime;
  }

  #oldestMs({ backfill }: TimedFrame): number {
    const { maxAgeMs, backfillMaxAgeMs, retentionMs = Infinity } = this.#options;
    return Math.min(backfill === true ? Math.max(maxAgeMs, backfillMaxAgeMs) : maxAgeMs, retentionMs);
  }

  #clockRefusal(time: ReadingTime, frame: TimedFrame, channel: Channel, now: number): FrameRefusal {
    const timeMs = timeOf(time, frame, channel);
    const ownBoot = frame.boot === undefined || frame.boot === channel.boot;
    // Nothing is refused permanently by a clock that may be wrong; before the floor it is the time itself that is wrong.
    const byClock = timeMs >= earliestReadingMs || (Number.isNaN(timeMs) && ownBoot);
    if (byClock && this.#hubClock.doubted) return { code: 'overloaded' };
    const path = time.ts === undefined ? '/up' : '/ts';
    const got = String(time.ts ?? time.up);
    return {
      code: 'clock',
      errors: [
        {
          path,
          keyword: 'time',
          expected: this.#expectedTime(timeMs, frame, channel, now),
          got,
          in: 'frame',
        },
      ],
      now,
    };
  }

  #expectedTime(timeMs: number, frame: TimedFrame, channel: Channel, now: number): string {
    const { maxAheadMs } = this.#options;
    const { backfill = false, boot = channel.boot } = frame;
    if (Number.isNaN(timeMs)) return `a boot the hub has seen; it has not seen ${boot}`;
    const latest = `<= ${now + maxAheadMs} (hub time ${now} + ${maxAheadMs} ms)`;
    const oldestMs = Math.max(now - this.#oldestMs(frame), earliestReadingMs);
    if (this.#options.retentionMs === now - oldestMs)
      return `>= ${oldestMs} and ${latest}; the hub keeps no older readings`;
    if (!backfill) return `>= ${oldestMs} and ${latest}; older readings need backfill: true`;
    return `Unix time in ms, >= ${oldestMs} and ${latest}`;
  }

  /** Counts a frame that was refused before it reached this stage. */
  refusedBefore(channel: Channel, code: NackCode, points: number): void {
    this.#ledger.received(channel.account, points);
    this.#ledger.rejected(channel.account, code, points);
  }

  #refuse(channel: Channel, refusal: FrameRefusal, points = 1): FrameVerdict {
    this.#ledger.rejected(channel.account, refusal.code, points);
    return { taken: false, refusals: [refusal] };
  }
}

/** What of a frame says how its times are to be taken. */
type TimedFrame = Pick<TelemetryFrame, 'backfill' | 'boot'>;

/** The reading's time, Unix ms, whatever it is; `noTime` for an uptime of a boot without an anchor. */
function timeOf({ ts, up = 0 }: ReadingTime, { boot }: TimedFrame, channel: Channel): number {
  if (ts !== undefined) return ts;
  const anchor = anchorAt(channel, boot ?? channel.boot, up);
  return anchor === undefined ? noTime : anchor + up;
}

/** The anchor (Unix ms at uptime 0) that holds at this uptime of the boot; undefined for a boot not known. */
function anchorAt(
  { anchors, steps }: Pick<Channel, 'anchors' | 'steps'>,
  boot: string,
  uptimeMs: number,
): number | undefined {
  let anchor = anchors.get(boot);
  if (anchor === undefined) return undefined;
  for (const step of steps) if (step.boot === boot && step.fromMs <= uptimeMs) anchor = step.anchorMs;
  return anchor;
}

function countNulls(nullable: readonly string[], reading: Readonly<Record<string, unknown>>): number {
  let count = 0;
  for (const name of nullable) if (reading[name] === null) count += 1;
  return count;
}

/** Its schema has let through null for nullable fields only. */
function withoutNulls(reading: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(reading).filter(([, value]) => value !== null));
}

function rankOf(frame: TelemetryFrame): Rank {
  return frame.backfill === true ? 'backfill' : 'telemetry';
}

function unknownStream(frame: TelemetryFrame, channel: Channel): FieldError {
  const expected = expectedName(channel.type.id, 'streams', channel.type.streams);
  return { path: '/stream', keyword: 'enum', expected, got: frame.stream, in: 'frame' };
}

function unwritable(stream: StreamType, data: Readonly<Record<string, unknown>>): FieldError {
  const field = findUnwritable(stream.fields, data);
  if (field === undefined)
    return { path: '', keyword: 'minProperties', expected: 'at least one field', got: '{}' };
  return {
    path: `/${field.name}`,
    keyword: 'type',
    expected: field.kind,
    got: cutText(String(data[field.name]), 64),
  };
}

function noLogs(channel: Channel): FieldError {
  const expected = `a frame that ${channel.type.id} takes; its \`logs\` is not true`;
  return { path: '/type', keyword: 'enum', expected, got: 'log', in: 'frame' };
}

/**
 * Lines of one millisecond are kept apart by their text: a point is known by its time alone, and a line that is sent
 * twice must be stored once. Below a millisecond, ms.
 */
function lineOffsetMs(timeMs: number, { level, msg, tag = '' }: LogFrame): number {
  if (!Number.isInteger(timeMs)) return 0;
  let hash = 0;
  for (const text of [level, tag, msg])
    for (let at = 0; at < text.length; at += 1) hash = (hash * 31 + text.charCodeAt(at)) % 1_000_003;
  return (hash % 1_000) / 1_000;
}
