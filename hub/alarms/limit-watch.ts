import type { DeviceType } from '../../schemas/index.ts';
import type { Clock } from '../../schemas/time/clock.ts';
import type { PresenceFollower } from '../presence/presence-follower.ts';
import type { DeviceFollower } from '../registry/device-follower.ts';
import type { ReadingFollower } from '../telemetry/reading-follower.ts';
import type { Problem } from './alarm.ts';
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
  typeOf: (device: string) => DeviceType | undefined;
}

interface DeviceWatch {
  readonly type: DeviceType | undefined;
  /** Undefined: its type has no limits. */
  readonly streams: ReadonlyMap<string, StreamWatch> | undefined;
}

/** Older readings are history: they come out of a device's memory, and what they say is over, ms. */
const historyMs = 3_600_000;

/** One stream of one device. */
interface StreamWatch {
  readonly limits: readonly FieldLimit[];
  /** Of each limit; undefined: within. */
  readonly states: (LimitState | undefined)[];
  /** The newest reading, Unix ms: an older one that comes later says nothing about now. */
  lastMs: number;
}

/**
 * Compares readings with the limits of their fields. A device whose type has no limits costs one look-up; a limited field
 * costs one comparison while it is within.
 */
export class LimitWatch implements ReadingFollower, PresenceFollower, DeviceFollower {
  readonly #deps: Deps;
  #devices = new Map<string, DeviceWatch>();

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  reading(deviceId: string, stream: string, timeMs: number, data: unknown): void {
    const watch = this.#watchOf(deviceId, stream);
    if (watch !== undefined) this.#take(deviceId, watch, timeMs, data as Record<string, unknown>);
  }

  readings(deviceId: string, stream: string, samples: readonly { ts: number; data: unknown }[]): void {
    const watch = this.#watchOf(deviceId, stream);
    if (watch === undefined) return;
    for (const { ts, data } of samples) this.#take(deviceId, watch, ts, data as Record<string, unknown>);
  }

  event(): void {
    // Events have a severity of their own.
  }

  /** Its session is another one, maybe of another version of its type. */
  presenceChanged(deviceId: string): void {
    const watch = this.#devices.get(deviceId);
    if (watch !== undefined && watch.type !== this.#deps.typeOf(deviceId)) this.#devices.delete(deviceId);
  }

  removed(deviceId: string): void {
    this.#devices.delete(deviceId);
  }

  /** Device types have changed. */
  forgetAll(): void {
    this.#devices = new Map();
  }

  #watchOf(deviceId: string, stream: string): StreamWatch | undefined {
    let watch = this.#devices.get(deviceId);
    if (watch === undefined) {
      watch = this.#open(deviceId);
      this.#devices.set(deviceId, watch);
    }
    return watch.streams?.get(stream);
  }

  #open(deviceId: string): DeviceWatch {
    const { alarms, typeOf } = this.#deps;
    const type = typeOf(deviceId);
    const streams = new Map<string, StreamWatch>();
    const sources = new Set<string>();
    for (const stream of type?.streams.values() ?? []) {
      const limits = limitsOf(stream);
      if (limits.length === 0) continue;
      for (const { lowSource, highSource } of limits) sources.add(lowSource).add(highSource);
      const states = limits.map((limit) => this.#resumed(deviceId, limit));
      streams.set(stream.name, { limits, states, lastMs: -Infinity });
    }
    // The limit of an earlier version of the type: nothing will ever say that it is over.
    for (const source of alarms.openSources(deviceId))
      if (source.startsWith('limit.') && !sources.has(source)) alarms.clear(deviceId, source);
    return { type, streams: streams.size === 0 ? undefined : streams };
  }

  /** What was wrong when the hub stopped is wrong until a reading says otherwise. */
  #resumed(deviceId: string, { lowSource, highSource }: FieldLimit): LimitState | undefined {
    const { alarms } = this.#deps;
    const side: Side | undefined = alarms.isActive(deviceId, highSource)
      ? 'high'
      : alarms.isActive(deviceId, lowSource)
        ? 'low'
        : undefined;
    return side && { side, isAlarm: true, sinceMs: -Infinity };
  }

  #take(deviceId: string, watch: StreamWatch, timeMs: number, data: Readonly<Record<string, unknown>>): void {
    if (timeMs < watch.lastMs) return;
    watch.lastMs = timeMs;
    const { limits, states } = watch;
    for (let at = 0; at < limits.length; at += 1) {
      const limit = limits[at];
      if (limit === undefined) continue;
      const value = data[limit.field];
      if (typeof value !== 'number') continue;
      if (value >= limit.low && value <= limit.high && states[at] === undefined) continue;
      if (timeMs < this.#deps.clock.now() - historyMs) continue;
      const before = states[at];
      const after = judge(limit, before, value, timeMs);
      states[at] = after;
      this.#report(deviceId, limit, before, after, value);
    }
  }

  #report(
    deviceId: string,
    limit: FieldLimit,
    before: LimitState | undefined,
    after: LimitState | undefined,
    value: number,
  ): void {
    const { alarms } = this.#deps;
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
      text: `${field} ${value}${unit === '' ? '' : ` ${unit}`}, ${bound}`,
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
