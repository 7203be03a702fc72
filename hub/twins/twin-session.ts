import type { DesiredState, DeviceType, ReportedFrame } from '../../schemas/index.ts';
import type { FrameAnswer, FrameSession } from '../registry/frame-session.ts';

/** What sessions report to the twins; the session has checked each frame against the protocol schema. */
export interface TwinEvents {
  /**
   * Before `welcome`: what the device says to hold is on disk.
   * @param heldRev the revision that it holds @returns what it should hold instead; undefined: that is what it holds
   * @throws HubError `database-failed`
   */
  sessionOpening(
    deviceId: string,
    type: DeviceType,
    heldRev: number | undefined,
  ): Promise<DesiredState | undefined> | undefined;
  /** After `welcome`. @param desired what is in it, or follows it, if the device can receive that */
  sessionOpened(session: FrameSession, heldRev: number | undefined, desired: DesiredState | undefined): void;
  sessionClosed(session: FrameSession): void;
  /** Never rejects. */
  reported(session: FrameSession, frame: ReportedFrame): Promise<FrameAnswer>;
}
