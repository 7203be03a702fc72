import type { DesiredState, DeviceType, FieldError, HubFrame, NackCode } from '../../schemas/index.ts';
import type { ReportedFrame } from '../../schemas/index.ts';

/** An open session as twins see it. */
export interface TwinSession {
  readonly deviceId: string;
  readonly type: DeviceType;
  readonly isOpen: boolean;
  readonly outbox: {
    /** The longest frame that the device can receive, bytes. */
    readonly maxFrameBytes: number;
    /** How long a frame is on this connection. */
    bytesOf(frame: HubFrame): number;
    /** What can wait should wait. */
    readonly congested: boolean;
  };
  /** @returns false: it did not fit, and the session is closing */
  send(frame: HubFrame): boolean;
}

export type ReportAnswer =
  /** It is on disk. */
  | { kind: 'taken' }
  | { kind: 'refused'; refusal: { code: NackCode; errors?: readonly FieldError[]; retryAfterMs?: number } };

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
  sessionOpened(session: TwinSession, heldRev: number | undefined, desired: DesiredState | undefined): void;
  sessionClosed(session: TwinSession): void;
  /** Never rejects. */
  reported(session: TwinSession, frame: ReportedFrame): Promise<ReportAnswer>;
}
