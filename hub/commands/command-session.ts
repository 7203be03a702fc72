import type { DeviceType, FieldError, ProgressFrame, ResultFrame } from '../../schemas/index.ts';
import type { FrameSession } from '../registry/frame-session.ts';
import type { Clock } from '../../schemas/time/clock.ts';

/** An open session as the dispatcher sees it. */
export interface CommandSession extends Pick<FrameSession, 'deviceId' | 'type' | 'send'> {
  /** The device's own name for this boot (`hello.boot`). */
  readonly boot: string;
  /** It remembers command ids and results over a reboot (`hello.persistsCommands`). */
  readonly persistsCommands: boolean;
  /** How far the device's idea of the hub's clock is ahead of that clock, ms. */
  readonly reportedClock: { aheadMs(clock: Clock): number };
  readonly outbox: Pick<FrameSession['outbox'], 'maxFrameBytes' | 'binary' | 'bytesOf'>;
}

/** What sessions report to the dispatcher; the session has checked each frame against the protocol schema. */
export interface CommandEvents {
  /** After `welcome`. */
  sessionOpened(session: CommandSession): void;
  sessionClosed(session: CommandSession): void;
  /** A newer session of the device took over: it opens next, or `takeoverFailed` follows. */
  sessionReplaced(session: CommandSession): void;
  /** The session that was to take over ended before it was open. */
  takeoverFailed(deviceId: string): void;
  received(session: CommandSession, re: string): void;
  progress(session: CommandSession, frame: ProgressFrame): void;
  /** @param fault of what the device sent with it, and is left out */
  result(session: CommandSession, frame: ResultFrame, fault?: FieldError): void;
}

/** Where the dispatcher finds devices that are registered but not connected. */
export interface DeviceDirectory {
  /** The registered device's type; undefined when there is no such device, or it is disabled. */
  commandedTypeOf(deviceId: string): DeviceType | undefined;
  /** The longest frame that the device can receive, bytes, as far as is known. */
  maxFrameBytesOf(deviceId: string): number;
}
