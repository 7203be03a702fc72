import type { Marks } from '../../schemas/api/presence.ts';
import type { SessionFacts } from './last-session.ts';

/** What the hub sends to a device, as presence sees it. */
export interface WatchedOutbox {
  /** Sends a WebSocket ping (RFC 6455 §5.5.2). */
  ping(): void;
  /** Liveness time at which anything was last sent. */
  readonly sentAt: number;
}

/** The session as presence sees it. */
export interface WatchedLink extends SessionFacts {
  readonly outbox: WatchedOutbox;
  /** Liveness time of the last pong. */
  readonly pongAt: number;
  /** When the link, the application and its data last showed a sign of life, Unix ms. */
  marks(): Marks;
  /** Neither frames nor pongs: close with 4408. */
  silent(): void;
  /** The device has a session at another hub: close with 4409. */
  takenOver(): void;
}

export interface LinkTiming {
  heartbeatMs: number;
  graceMs: number;
}
