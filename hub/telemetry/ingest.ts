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
import { eventMeasurement } from './sent-events.ts';
import type { HubClock } from './clock/hub-clock.ts';
import type { LoadShedding, Rank } from './load-shedding.ts';
import type { FrameOwner } from './batch.ts';
import type { FrameRefusal, FrameVerdict } from './frame-verdict.ts';
import type { LedgerAccount, Ledger } from './ledger.ts';
import { compileFieldEncoder, encodePrefix, encodeTimeUs, findUnwritable } from './line-protocol.ts';
import type { ReadingFollower, StreamFollower } from './reading-follower.ts';
import { anchorAt, ReadingTimes, type BootTimes, type ReadingTimeLimits } from './reading-times.ts';
import type { Writer } from './writer.ts';

export interface IngestDeps {
  writer: Writer;
  ledger: Ledger;
  shedding: LoadShedding;
  /** Notified of what is accepted, once it is on its way to the store. */
  followers: readonly ReadingFollower[];
  clock: Clock;
  hubClock: Pick<HubClock, 'doubted' | 'range'>;
}

/** One stream of one device: how its data is written as fields of line protocol, and who else takes it. */
interface OpenStream {
  stream: StreamType;
  prefix: string;
  encode: (data: Readonly<Record<string, unknown>>) => string;
  followers: readonly StreamFollower[];
}

/** What one session needs to encode its frames as lines; built once, at welcome. */
export interface Channel extends BootTimes {
  deviceId: string;
  account: LedgerAccount;
  streams: ReadonlyMap<string, OpenStream>;
  type: DeviceType;
  eventTags: Readonly<Record<string, string>>;
}

/** Encoders are built once per stream schema, whatever the number of sessions. */
const fieldEncoders = new WeakMap<StreamType, OpenStream['encode']>();
const encodeEventData = compileFieldEncoder([{ name: 'data', kind: 'string', tag: false }]);
const encodeLog = compileFieldEncoder(
  ['level', 'msg', 'tag'].map((name) => ({ name, kind: 'string', tag: false })),
);

/** Frame → checked → lines → writer. Holds no session; each call says whose frame it is. */
export class Ingest {
  readonly #writer: Writer;
  readonly #ledger: Ledger;
  readonly #shedding: LoadShedding;
  readonly #followers: readonly ReadingFollower[];
  readonly #clock: Clock;
  readonly #times: ReadingTimes;
  /** The time of the line made last, Unix ms: a second result without an object for it. */
  #lineTimeMs = 0;
  /** The data of that line, without what was null. */
  #lineData: unknown;
  /** Fields that were null and left out. */
  nullFields = 0;

  constructor(deps: IngestDeps, limits: ReadingTimeLimits) {
    this.#writer = deps.writer;
    this.#ledger = deps.ledger;
    this.#shedding = deps.shedding;
    this.#followers = deps.followers;
    this.#clock = deps.clock;
    this.#times = new ReadingTimes(deps.hubClock, limits);
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
    const streams = new Map<string, OpenStream>();
    for (const stream of type.streams.values()) {
      let encode = fieldEncoders.get(stream);
      if (encode === undefined) {
        encode = compileFieldEncoder(stream.fields);
        fieldEncoders.set(stream, encode);
      }
      const prefix = encodePrefix(stream.measurement, tags);
      const followers = this.#followersOf(device.id, type, stream.name);
      streams.set(stream.name, { stream, prefix, encode, followers });
    }
    const account = this.#ledger.account(device.id);
    return { deviceId: device.id, account, streams, type, eventTags: tags, boot, anchors, steps: [...steps] };
  }

  #followersOf(deviceId: string, type: DeviceType, stream: string): StreamFollower[] {
    return this.#followers.flatMap((follower) => follower.followStream(deviceId, type, stream) ?? []);
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
    for (const follower of encoder.followers) follower.reading(this.#lineTimeMs, this.#lineData);
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
    const timeMs = this.#times.of(frame, frame, channel, now);
    if (Number.isNaN(timeMs)) return this.#refuse(channel, this.#times.refusal(frame, frame, channel, now));
    const tags = { ...channel.eventTags, name: frame.name, severity: frame.severity };
    const fields = encodeEventData({ data: JSON.stringify(data) });
    const line = `${encodePrefix(eventMeasurement, tags)}${fields} ${encodeTimeUs(timeMs)}`;
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
    const timeMs = this.#times.of(frame, frame, channel, now);
    if (Number.isNaN(timeMs)) return this.#refuse(channel, this.#times.refusal(frame, frame, channel, now));
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
    encoder: OpenStream | undefined,
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
    for (const follower of encoder.followers) follower.readings(accepted);
    return bad.length === 0 ? undefined : { taken: true, refusals: bad };
  }

  /** @returns the line of one reading (its time is left in `#lineTimeMs`), or why it is refused. */
  #line(
    encoder: OpenStream,
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
    const timeMs = this.#times.of(time, frame, channel, now);
    if (Number.isNaN(timeMs)) return this.#times.refusal(time, frame, channel, now);
    this.#lineTimeMs = timeMs;
    this.#lineData = reading;
    this.nullFields += nulls;
    return `${encoder.prefix}${fields} ${encodeTimeUs(timeMs)}`;
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
