import type { ClockQuality } from '../../schemas/api/devices.ts';
import type { CloseReason, DeviceType } from '../../schemas/index.ts';
import type { CommandSession } from '../commands/command-session.ts';
import type { UpdateSession } from '../firmware/rollouts/update-session.ts';
import type { Claimant } from './clone-guard.ts';

/** The session of a device as the hub sees it. */
export interface DeviceSession extends CommandSession, UpdateSession {
  /** Where the device connects from. */
  readonly address: string;
  readonly firmware: string | undefined;
  /** How well its clocks agree with the hub's; undefined before the welcome. */
  readonly clock: ClockQuality | undefined;
  /** Its uptime can be converted to a time: not in a boot that began while the hub's clock was doubted. */
  readonly anchored: boolean;
  /** Its welcome is out, and it has not ended. */
  readonly isOpen: boolean;
  readonly outbox: CommandSession['outbox'] & UpdateSession['outbox'] & { takes(text: string): boolean };
  /** A message pushed to the device; the only frame that may be dropped. @returns whether it was sent. */
  notice(text: string): boolean;
  /** The device's type was changed while it is connected: what comes from now on is judged by the new one. */
  typeChanged(type: DeviceType): void;
  /** A newer session of the device took over: what this one still sends does not count. */
  replaced(by: Claimant): void;
  /**
   * The hub goes away: the device is given its slot, what it has sent is settled, and the session closes with 1012.
   * @param slotMs when to come back, ms from now
   */
  drain(slotMs: number): void;
  /** Closes from the hub's side; the session ends immediately, the socket when the device answers. */
  close(reason: CloseReason, retryAfterMs?: number): void;
}
