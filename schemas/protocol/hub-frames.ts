import type { Safety } from '../api/roles.ts';

/** Frames the hub sends. Times are ms; `now`, `t2`, `t3` and `deadline` are Unix ms on the hub's clock. */

export interface SessionLimits {
  frameBytes: number;
  samples: number;
  /** Data frames sent and not settled. */
  inFlight: number;
  /** On average. */
  messagesPerSec: number;
  /** Data frames that the device may send in one burst after a pause. Hubs before 0.2 do not state it. */
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
  /** There when the device should hold another revision than it does. */
  desired?: DesiredState;
  /** There when the device should run another firmware. */
  update?: OfferedUpdate;
}

/** What a device should hold, as a whole. */
export interface DesiredState {
  rev: number;
  state: Readonly<Record<string, unknown>>;
}

export interface DesiredFrame extends DesiredState {
  type: 'desired';
}

/** The firmware that a device should run. */
export interface OfferedUpdate {
  /** Of the update. */
  id: string;
  version: string;
  /** A path on the hub that the device is connected to, or a whole URL. */
  url: string;
  /** Of the file, hexadecimal. */
  sha256: string;
  /** Of the file, bytes. */
  size: number;
  /** Ed25519 over the bytes of the SHA-256, in base64. */
  signature?: string;
}

export interface UpdateFrame extends OfferedUpdate {
  type: 'update';
}

/** The device need not run it any more; what is being applied goes on. */
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

/** The result of this command, the report of this id, or what was said of this update is taken; the device may forget it. */
export interface NamedAckFrame {
  type: 'ack';
  re: string;
}

/** Why a frame is refused. The first three may be sent again later, the others never. */
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

/** What is wrong with one field: where, by which rule, what the rule wants and what came. */
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
  /** Not begun after this moment. */
  deadline: number;
  /** The same as time left at sending. */
  ttlMs: number;
  safety: Safety;
  /** Where it stands in a trace (W3C Trace Context), when the hub traces. */
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

/** A new secret for the device; the old one holds until this one has opened a session. */
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
