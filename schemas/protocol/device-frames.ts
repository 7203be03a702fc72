import type { UpdateWord } from '../firmware/update-states.ts';

/** Frames that a device sends. The schemas in `protocol/` say what ids, times and names may be; times are ms. */

/** The time of one reading: either Unix ms (`ts`, with up to three decimals) or ms since boot (`up`). */
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
  /** The longest frame that the device can receive, bytes. */
  maxFrame?: number;
  /** The revision of the desired state that the device holds; not given: none. */
  desiredRev?: number;
  /** The device remembers command ids and results over a reboot. */
  persistsCommands?: boolean;
  /** `4.2-5f0c…`: the layout of its short forms (`hub.v1.cbor`); not given: the device sends no short forms. */
  layout?: string;
  /** Ids of commands that have begun and whose result is not acked. */
  unresolved?: readonly string[];
  /** Earlier boots that never reached the hub, oldest first, with their last uptime (ms). */
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
  /** The part of the firmware that wrote the line. */
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

/** A desired value that a device could not take. */
export interface TwinError {
  /** JSON pointer into the desired state. */
  path: string;
  message: string;
}

/** The state of the device, as a change to its last report. */
export interface ReportedFrame {
  type: 'reported';
  id: string;
  /** JSON Merge Patch, RFC 7396; the result is judged by the twin of the device type. */
  patch: Readonly<Record<string, unknown>>;
  /** The revision of the desired state that the device has dealt with. */
  desiredRev?: number;
  errors?: readonly TwinError[];
}

/** The progress of an update on the device. */
export interface UpdateStatusFrame {
  type: 'update-status';
  /** The id of the update. */
  re: string;
  state: UpdateWord;
  percent?: number;
  /** Why it failed or is rejected, in words. */
  error?: string;
}

export interface ByeFrame {
  type: 'bye';
  /** The device sleeps for this long, and does not count as offline. */
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
