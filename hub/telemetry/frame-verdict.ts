import type { FieldError, NackCode } from '../../schemas/index.ts';

/** Why a frame, or some of its samples, is refused: the body of a nack. */
export interface FrameRefusal {
  code: NackCode;
  errors?: readonly FieldError[];
  rejectedSamples?: readonly number[];
  /** When to send it again, ms; not given: as the code says. */
  retryAfterMs?: number;
  /** The hub's time, with `clock`. */
  now?: number;
}

/** What was refused, and whether anything of the frame is on its way to the store. */
export interface FrameVerdict {
  taken: boolean;
  refusals: readonly FrameRefusal[];
}
