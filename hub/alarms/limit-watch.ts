import type { DeviceType } from '../../schemas/index.ts';
import { unitSymbol } from '../../schemas/unit-symbol.ts';
import type { Clock } from '../../schemas/time/clock.ts';
import type { DeviceFollower } from '../registry/device-follower.ts';
import type { AlarmView } from '../../schemas/api/alarms.ts';
import type { ReadingFollower, StreamFollower } from '../telemetry/reading-follower.ts';
import { isActive, type Problem } from './alarm.ts';
import type { AlarmFollower } from './alarm-follower.ts';
import { judge, limitsOf, type FieldLimit, type LimitState, type Side } from './limits.ts';

/** Alarms as those see them who find out what is wrong. `device`: undefined for the hub itself. */
export interface AlarmBoard {
  /** @param atMs when it happened, Unix ms; not given: now */
  raise(device: string | undefined, problem: Problem, atMs?: number): void;
  clear(device: string | undefined, source: string): void;
  /** Something else explains it, in these words. */
  withdraw(device: string, source: string, note: string): void;
  isActive(device: string | undefined, source: string): boolean;
  /** The sources of this device's alarms that are not closed. */
  openSources(device: string): Iterable<string>;
}

interface Deps {
  clock: Clock;
  alarms: AlarmBoard;
}

interface DeviceWatch {
  readonly type: DeviceType;
  /** Those that have limits. */
  readonly streams: ReadonlyMap<string, StreamWatch>;
}

/** Older readings are history: they come out of a device's memory, and what they say is over, ms. */
const historyMs = 3_600_000;

/**
 * Compares readings with the limits of their fields. A stream without limits costs nothing; a limited field costs one
 * comparison while it is within.
 */
export class LimitWatch implements ReadingFollower, DeviceFollower, AlarmFollower {
  readonly #deps: Deps;
  readonly #devices = new Map<string, DeviceWatch>();

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  followStream(deviceId: string, type: DeviceType, stream: string): StreamFollower | undefined {
    let watch = this.#devices.get(deviceId);
    // Where a device stood it stands, whatever the session, as long as its limits are the same.
    if (watch === undefined || watch.type !== type) {
      watch = this.#open(deviceId, type);
      this.#devices.set(deviceId, watch);
    }
    return watch.streams.get(stream);
  }

  event(): void {}

  removed(deviceId: string): void {
    this.#devices.delete(deviceId);
  }

  alarmChanged(): void {}

  /** The device was at another hub, which has judged its readings: they go on from there. */
  alarmChangedElsewhere(alarm: AlarmView): void {
    if (alarm.kind !== 'limit' || alarm.device === null) return;
    for (const stream of this.#devices.get(alarm.device)?.streams.values() ?? [])
      stream.judgedElsewhere(alarm.source, isActive(alarm));
  }

  #open(deviceId: string, type: DeviceType): DeviceWatch {
    const { alarms } = this.#deps;
    const streams = new Map<string, StreamWatch>();
    const sources = new Set<string>();
    for (const stream of type.streams.values()) {
      const limits = limitsOf(stream);
      if (limits.length === 0) continue;
      for (const { lowSource, highSource } of limits) sources.add(lowSource).add(highSource);
      const states = limits.map((limit) => this.#resumed(deviceId, limit));
      streams.set(stream.name, new StreamWatch(this.#deps, deviceId, limits, states));
    }
    // The limit of an earlier version of the type: nothing will ever say that it is over.
    for (const source of alarms.openSources(deviceId))
      if (source.startsWith('limit.') && !sources.has(source)) alarms.clear(deviceId, source);
    return { type, streams: streams.size === 0 ? none : streams };
  }

  /** What was wrong when the hub stopped is wrong until a reading says otherwise. */
  #resumed(deviceId: string, { lowSource, highSource }: FieldLimit): LimitState | undefined {
    const { alarms } = this.#deps;
    const side: Side | undefined = alarms.isActive(deviceId, highSource)
      ? 'high'
      : alarms.isActive(deviceId, lowSource)
        ? 'low'
        : undefined;
    return side && resumed(side);
  }
}

/** Until a reading says otherwise. */
function resumed(side: Side): LimitState {
  return { side, isAlarm: true, sinceMs: -Infinity };
}

const none: ReadonlyMap<string, StreamWatch> = new Map();

/** One stream of one device. */
class StreamWatch implements StreamFollower {
  readonly #deps: Deps;
  readonly #deviceId: string;
  readonly #limits: readonly FieldLimit[];
  /** Of each limit; undefined: within. */
  readonly #states: (LimitState | undefined)[];
  /** The newest reading, Unix ms: an older one that comes later says nothing about now. */
  #lastMs = -Infinity;

  constructor(
    deps: Deps,
    deviceId: string,
    limits: readonly FieldLimit[],
    states: (LimitState | undefined)[],
  ) {
    this.#deps = deps;
    this.#deviceId = deviceId;
    this.#limits = limits;
    this.#states = states;
  }

  reading(timeMs: number, data: unknown): void {
    if (timeMs < this.#lastMs) return;
    this.#lastMs = timeMs;
    const values = data as Readonly<Record<string, unknown>>;
    const [limits, states] = [this.#limits, this.#states];
    for (let at = 0; at < limits.length; at += 1) {
      const limit = limits[at];
      if (limit === undefined) continue;
      const value = values[limit.field];
      if (typeof value !== 'number') continue;
      if (value >= limit.low && value <= limit.high && states[at] === undefined) continue;
      if (timeMs < this.#deps.clock.now() - historyMs) continue;
      const before = states[at];
      const after = judge(limit, before, value, timeMs);
      states[at] = after;
      this.#report(limit, before, after, value);
    }
  }

  readings(samples: readonly { ts: number; data: unknown }[]): void {
    for (const { ts, data } of samples) this.reading(ts, data);
  }

  judgedElsewhere(source: string, isAlarm: boolean): void {
    for (const [at, limit] of this.#limits.entries()) {
      if (source !== limit.lowSource && source !== limit.highSource) continue;
      const side = source === limit.highSource ? 'high' : 'low';
      const wasAlarm = alarmSide(this.#states[at]) === side;
      if (wasAlarm !== isAlarm) this.#states[at] = isAlarm ? resumed(side) : undefined;
    }
  }

  #report(
    limit: FieldLimit,
    before: LimitState | undefined,
    after: LimitState | undefined,
    value: number,
  ): void {
    const { alarms } = this.#deps;
    const deviceId = this.#deviceId;
    const [wasIn, isIn] = [alarmSide(before), alarmSide(after)];
    if (wasIn === isIn) return;
    if (wasIn !== undefined) alarms.clear(deviceId, sourceOf(limit, wasIn));
    if (isIn === undefined) return;
    const { field, unit } = limit;
    const bound = isIn === 'high' ? `over ${limit.high}` : `under ${limit.low}`;
    alarms.raise(deviceId, {
      source: sourceOf(limit, isIn),
      kind: 'limit',
      severity: 'warning',
      text: `${field} ${value}${unit === '' ? '' : ` ${unitSymbol(unit)}`}, ${bound}`,
      value,
      lasting: true,
    });
  }
}

function alarmSide(state: LimitState | undefined): Side | undefined {
  return state?.isAlarm === true ? state.side : undefined;
}

function sourceOf({ lowSource, highSource }: FieldLimit, side: Side): string {
  return side === 'high' ? highSource : lowSource;
}
