import type { DeviceType, FieldError, HubFrame, NackCode } from '../../schemas/index.ts';

/** An open session as those see it who send frames of their own and get an answer to them. */
export interface FrameSession {
  readonly deviceId: string;
  readonly type: DeviceType;
  readonly isOpen: boolean;
  readonly outbox: {
    /** The longest frame that the device can receive, bytes. */
    readonly maxFrameBytes: number;
    /** Frames are CBOR, whose numbers may be longer than those of JSON. */
    readonly binary: boolean;
    /** How long a frame is on this connection. */
    bytesOf(frame: HubFrame): number;
    /** What can wait should wait. */
    readonly congested: boolean;
  };
  /** Puts a frame in the bounded outbox. @returns false: it did not fit, and the session is closing (4004) */
  send(frame: HubFrame): boolean;
}

/** What becomes of a frame that a device sent. */
export type FrameAnswer =
  /** It is on disk. */
  { kind: 'taken' } | { kind: 'refused'; refusal: FrameRefusalAnswer };

export interface FrameRefusalAnswer {
  code: NackCode;
  errors?: readonly FieldError[];
  retryAfterMs?: number;
}

export const frameTaken: FrameAnswer = { kind: 'taken' };

/** Why a frame of a kind that the device's type does not have is refused. @param keyword what the type would need */
export function unsupportedFrame(type: DeviceType, frame: string, keyword: string): FrameRefusalAnswer {
  const error = { path: '/type', keyword, expected: `a frame that ${type.id} has`, got: frame } as const;
  return { code: 'unsupported', errors: [{ ...error, in: 'frame' }] };
}

/** The device sends more of these frames than it may. */
export function overRate(retryAfterMs: number): FrameAnswer {
  return { kind: 'refused', refusal: { code: 'rate', retryAfterMs } };
}
