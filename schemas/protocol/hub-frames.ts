import type { Safety } from '../api/roles.ts';

/** Frames the hub sends. Times are ms; `now`, `t2`, `t3` and `deadline` are Unix ms on the hub's clock. */

export interface SessionLimits {
  frameBytes: number;
  samples: number;
  /** The most data frames that may be sent and not settled. */
  inFlight: number;
  /** The average rate that is allowed. */
  messagesPerSec: number;
  /** Data frames that the device may send in one burst after a pause. Hubs before 0.2 leave it out. */
  burst?: number;
}

export interface WelcomeFrame {
  type: 'welcome';
  epoch: number;
  /** `hello.t1`, echoed. */
  t1: number;
  now: number;
  heartbeatSec: number;
  graceSec: number;
  ackDelayMs: number;
  backoffMaxMs: number;
  limits: SessionLimits;
  /** Present when the device should hold another revision. */
  desired?: DesiredState;
  /** Present when the device should run another firmware. */
  update?: OfferedUpdate;
}

/** The whole desired state of a device. */
export interface DesiredState {
  rev: number;
  state: Readonly<Record<string, unknown>>;
}

export interface DesiredFrame extends DesiredState {
  type: 'desired';
}

/** The firmware that a device should run. */
export interface OfferedUpdate {
  /** The id of the update. */
  id: string;
  version: string;
  /** A path on the hub to which the device is connected, or a whole URL. */
  url: string;
  /** The hash of the file, hexadecimal. */
  sha256: string;
  /** The size of the file, bytes. */
  size: number;
  /** Ed25519 over the bytes of the SHA-256, in base64. */
  signature?: string;
}

export interface UpdateFrame extends OfferedUpdate {
  type: 'update';
}

/** The device need not run the firmware any more. An update that is being applied goes on. */
export interface UpdateCancelledFrame {
  type: 'update';
  id: string;
  cancelled: true;
}

/** Every data frame with seq ≤ `upTo` is settled: stored, or nacked on its own. */
export interface AckFrame {
  type: 'ack';
  upTo: number;
}

/** Acks the result of a command, a report of the twin, or a status of an update, which the device may forget now. */
export interface NamedAckFrame {
  type: 'ack';
  re: string;
}

/** Why a frame is refused. A frame refused with one of the first three may be sent again later, others never. */
export type NackCode =
  | 'rate'
  | 'overloaded'
  | 'not-open'
  | 'schema'
  | 'unsupported'
  | 'clock'
  | 'too-large'
  | 'unknown-stream'
  | 'unknown-command'
  | 'refused-by-store';

/** A fault of one field: its place, the rule, the value that the rule expects and the value that came. */
export interface NackError {
  path: string;
  keyword: string;
  expected: string;
  got: string;
  in?: 'frame';
}

export interface NackFrame {
  type: 'nack';
  seq?: number;
  re?: string;
  code: NackCode;
  /** Send the same reading again later under a new seq; false: never. */
  retry: boolean;
  retryAfterMs?: number;
  errors?: readonly NackError[];
  /** Indexes into `samples`; the other samples of the frame are not refused by this nack. */
  rejectedSamples?: readonly number[];
  /** The hub's time, with `clock`. */
  now?: number;
}

/** NTP-style: `t1` echoed, `t2` taken when the heartbeat came, `t3` when this left. */
export interface HeartbeatReplyFrame {
  type: 'heartbeat';
  t1: number;
  t2: number;
  t3: number;
}

export interface CommandFrame {
  type: 'command';
  id: string;
  name: string;
  params: Readonly<Record<string, unknown>>;
  /** The device does not begin the command after this moment. */
  deadline: number;
  /** The time left when the frame was sent. */
  ttlMs: number;
  safety: Safety;
  /** The command's place in a trace (W3C Trace Context), when the hub traces. */
  traceparent?: string;
}

export interface CancelFrame {
  type: 'cancel';
  re: string;
}

export interface RecallFrame {
  type: 'recall';
  ids: readonly string[];
}

export interface NoticeFrame {
  type: 'notice';
  topic: string;
  data: unknown;
}

/** A new secret for the device. The old secret stays valid until the new one has opened a session. */
export interface CredentialFrame {
  type: 'credential';
  id: string;
  secret: string;
}

export interface DrainFrame {
  type: 'drain';
  /** This device's own slot. */
  reconnectAfterMs: number;
  reason: string;
}

export type HubFrame =
  | WelcomeFrame
  | AckFrame
  | NamedAckFrame
  | NackFrame
  | HeartbeatReplyFrame
  | CommandFrame
  | CancelFrame
  | RecallFrame
  | NoticeFrame
  | DesiredFrame
  | UpdateFrame
  | UpdateCancelledFrame
  | CredentialFrame
  | DrainFrame;
