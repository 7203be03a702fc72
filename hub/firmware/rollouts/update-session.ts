import type { OfferedUpdate, UpdateStatusFrame } from '../../../schemas/index.ts';
import type { FrameAnswer, FrameSession } from '../../registry/frame-session.ts';

/** An open session as updates see it. */
export interface UpdateSession extends FrameSession {
  readonly boot: string;
  readonly firmware: string | undefined;
}

/** What sessions report to the updates; the session has checked each frame against the protocol schema. */
export interface UpdateEvents {
  /**
   * Before `welcome`: the device is there, in this boot and with this firmware.
   * @returns the update that goes with the welcome, or follows it
   */
  sessionOpening(session: UpdateSession): OfferedUpdate | undefined;
  sessionClosed(session: UpdateSession): void;
  /** Never rejects. */
  updateStatus(session: UpdateSession, frame: UpdateStatusFrame): Promise<FrameAnswer>;
}
