import type { UpdateWord } from '../firmware/update-states.ts';

/** Frames a device sends. Ids, times and names are as the schemas in `protocol/` say; times are ms. */

/** One reading's time: Unix ms (`ts`, may carry three decimals) or ms since boot (`up`). Exactly one of them. */
export interface ReadingTime {
  ts?: number;
  up?: number;
}

export interface Sample extends ReadingTime {
  /** Judged by the stream's own schema. */
  data: unknown;
}

export interface HelloFrame {
  type: 'hello';
  /** New on every boot. */
  boot: string;
  /** `name@version` of the device type: `env-sensor@1`. */
  deviceType: string;
  /** Uptime, ms. */
  t1: number;
  firmware?: string;
  heartbeatSec?: number;
  /** The longest frame it can receive, bytes. */
  maxFrame?: number;
  /** The revision of the desired state that it holds; not given: none. */
  desiredRev?: number;
  /** It remembers command ids and results over a reboot. */
  persistsCommands?: boolean;
  /** `4.2-5f0c…`: what stands in which place of its short forms (`hub.v1.cbor`); not given: it sends none. */
  layout?: string;
  /** Ids of commands begun and not acked. */
  unresolved?: readonly string[];
  /** Boots that ended without ever reaching the hub, oldest first, with their last uptime (ms). */
  boots?: readonly { boot: string; up: number }[];
}

/** Either one reading (`data` and its time) or `samples`. */
export interface TelemetryFrame extends ReadingTime {
  type: 'telemetry';
  seq: number;
  stream: string;
  data?: unknown;
  samples?: readonly Sample[];
  /** Lifts the limit on age. */
  backfill?: boolean;
  /** The earlier boot that `up` counts from, for readings kept over a reboot. */
  boot?: string;
}

export type Severity = 'info' | 'warning' | 'critical';

export interface EventFrame extends ReadingTime {
  type: 'event';
  seq: number;
  name: string;
  severity: Severity;
  /** Judged by the event's own schema. */
  data?: unknown;
  /** Lifts the limit on age. */
  backfill?: boolean;
  /** The earlier boot that `up` counts from. */
  boot?: string;
}

export type LogLevel = 'debug' | 'info' | 'warning' | 'error';

/** A line of the device's own log. */
export interface LogFrame extends ReadingTime {
  type: 'log';
  seq: number;
  level: LogLevel;
  msg: string;
  /** The part of the firmware that says it. */
  tag?: string;
  /** Lifts the limit on age. */
  backfill?: boolean;
  /** The earlier boot that `up` counts from. */
  boot?: string;
}

export interface HeartbeatFrame {
  type: 'heartbeat';
  /** Uptime, ms. */
  t1: number;
  /** The device's wall clock, Unix ms. */
  clock?: number;
}

export interface ReceivedFrame {
  type: 'received';
  re: string;
}

export interface ProgressFrame {
  type: 'progress';
  re: string;
  percent?: number;
  note?: string;
}

export type ResultStatus = 'succeeded' | 'failed' | 'rejected' | 'expired' | 'cancelled' | 'unknown';

export interface ResultFrame {
  type: 'result';
  re: string;
  status: ResultStatus;
  /** Judged by the command's own schema. */
  output?: unknown;
  /** Why it failed, in words. */
  error?: string;
}

/** What of a desired revision a device could not take. */
export interface TwinError {
  /** JSON pointer into the desired state. */
  path: string;
  message: string;
}

/** What holds on the device: a change to what it reported before. */
export interface ReportedFrame {
  type: 'reported';
  id: string;
  /** JSON Merge Patch, RFC 7396; the result is judged by the twin of the device type. */
  patch: Readonly<Record<string, unknown>>;
  /** The revision of the desired state that it has dealt with. */
  desiredRev?: number;
  errors?: readonly TwinError[];
}

/** How far the device is with an update. */
export interface UpdateStatusFrame {
  type: 'update-status';
  /** Of the update. */
  re: string;
  state: UpdateWord;
  percent?: number;
  /** Why it failed or is rejected, in words. */
  error?: string;
}

export interface ByeFrame {
  type: 'bye';
  /** The device sleeps this long; it is not offline. */
  sleepSec?: number;
}

export type DeviceFrame =
  | HelloFrame
  | TelemetryFrame
  | EventFrame
  | LogFrame
  | HeartbeatFrame
  | ReceivedFrame
  | ProgressFrame
  | ResultFrame
  | ReportedFrame
  | UpdateStatusFrame
  | ByeFrame;
