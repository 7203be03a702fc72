import type {
  DeviceType,
  FieldError,
  HubFrame,
  NackCode,
  OfferedUpdate,
  UpdateStatusFrame,
} from '../../../schemas/index.ts';

/** An open session as updates see it. */
export interface UpdateSession {
  readonly deviceId: string;
  readonly type: DeviceType;
  readonly boot: string;
  readonly firmware: string | undefined;
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

export type StatusAnswer =
  /** It is on disk. */
  | { kind: 'taken' }
  | { kind: 'refused'; refusal: { code: NackCode; errors?: readonly FieldError[]; retryAfterMs?: number } };

/** What sessions report to the updates; the session has checked each frame against the protocol schema. */
export interface UpdateEvents {
  /**
   * Before `welcome`: the device is there, in this boot and with this firmware.
   * @returns the update that goes with the welcome, or follows it
   */
  sessionOpening(session: UpdateSession): OfferedUpdate | undefined;
  sessionClosed(session: UpdateSession): void;
  /** Never rejects. */
  updateStatus(session: UpdateSession, frame: UpdateStatusFrame): Promise<StatusAnswer>;
}
