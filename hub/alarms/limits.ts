import type { FieldSpec, StreamType } from '../../schemas/index.ts';

/** The limits of one field, ready to be compared. */
export interface FieldLimit {
  readonly field: string;
  readonly unit: string;
  /** ±Infinity where there is none. */
  readonly low: number;
  readonly high: number;
  /** An alarm is over when the value is back to these. */
  readonly lowOver: number;
  readonly highOver: number;
  readonly delayMs: number;
  readonly lowSource: string;
  readonly highSource: string;
}

export type Side = 'low' | 'high';

/** Where a field stands: beyond a limit for a time, or in alarm. */
export interface LimitState {
  readonly side: Side;
  readonly isAlarm: boolean;
  /** Beyond since, by the times of readings, Unix ms. */
  readonly sinceMs: number;
}

/** Of the distance between the limits, where the type does not give a hysteresis. */
const defaultHysteresis = 0.02;

const compiled = new WeakMap<StreamType, readonly FieldLimit[]>();

/** The limited fields of a stream; made once per stream schema. */
export function limitsOf(stream: StreamType): readonly FieldLimit[] {
  let limits = compiled.get(stream);
  if (limits === undefined) {
    limits = stream.fields
      .filter(({ low, high }) => low !== undefined || high !== undefined)
      .map((field) => limitOf(stream.name, field));
    compiled.set(stream, limits);
  }
  return limits;
}

function limitOf(stream: string, field: FieldSpec): FieldLimit {
  const { name, unit = '', low = -Infinity, high = Infinity, delaySec = 0 } = field;
  const between = high - low;
  const hysteresis = field.hysteresis ?? (Number.isFinite(between) ? between * defaultHysteresis : 0);
  return {
    field: name,
    unit,
    low,
    high,
    lowOver: low + hysteresis,
    highOver: high - hysteresis,
    delayMs: delaySec * 1000,
    lowSource: `limit.${stream}.${name}.low`,
    highSource: `limit.${stream}.${name}.high`,
  };
}

/** @returns where the field stands after this value; undefined: within its limits */
export function judge(
  limit: FieldLimit,
  state: LimitState | undefined,
  value: number,
  timeMs: number,
): LimitState | undefined {
  if (state?.isAlarm === true) {
    const isOver = state.side === 'high' ? value <= limit.highOver : value >= limit.lowOver;
    if (!isOver) return state;
  }
  const side = value > limit.high ? 'high' : value < limit.low ? 'low' : undefined;
  if (side === undefined) return undefined;
  const sinceMs = state?.side === side && !state.isAlarm ? state.sinceMs : timeMs;
  return { side, sinceMs, isAlarm: timeMs - sinceMs >= limit.delayMs };
}
