import { deviceFrameChecks, namePattern, renderValue } from '../../schemas/index.ts';
import type { FieldError, NackCode, NackFrame } from '../../schemas/index.ts';
import type { FrameRefusal } from '../telemetry/frame-verdict.ts';
import type { UncheckedFrame } from './frames/frame-decoder.ts';

/** Codes after which the same reading may be sent again later, and how long to wait at least, ms. */
const retryAfterMs: Partial<Record<NackCode, number>> = { rate: 1_000, overloaded: 5_000, 'not-open': 1_000 };

/** The nack of a refusal, without the seq or id it answers. */
export function nack(refusal: FrameRefusal): NackFrame {
  const after = retryAfterMs[refusal.code];
  return after === undefined
    ? { type: 'nack', retry: false, ...refusal }
    : { type: 'nack', retry: true, retryAfterMs: after, ...refusal };
}

/** A frame that its schema refuses. */
export function schemaFault(error: FieldError): FrameRefusal {
  return { code: 'schema', errors: [error] };
}

/** A frame of a type the hub does not know. */
export function unknownType({ type }: UncheckedFrame): FrameRefusal {
  // An open session does not take a second hello either.
  const types = Object.keys(deviceFrameChecks).filter((name) => name !== 'hello');
  const expected = `one of ${types.join(', ')}`;
  const got = renderValue(type);
  return { code: 'unsupported', errors: [{ path: '/type', keyword: 'enum', expected, got, in: 'frame' }] };
}

/** A seq that a nack may name, even when the rest of the frame is wrong. */
export function isSeq(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) > 0;
}

/** The command or report that a refused frame names, for its nack; empty when the name cannot be an id. */
export function namedBy({ type, re, id }: UncheckedFrame): { re?: string } {
  const name = type === 'reported' ? id : re;
  return typeof name === 'string' && namePattern.test(name) ? { re: name } : {};
}

/** The seq or id that a nack of this frame answers, if the frame names one. */
export function targetOf(frame: UncheckedFrame): { seq?: number; re?: string } {
  const { seq } = frame;
  return isSeq(seq) ? { seq } : namedBy(frame);
}

/** The device that a nack goes to. */
export interface NackedDevice {
  id: string;
  /** Device type with version; undefined before the hello. */
  type: string | undefined;
  firmware: string | undefined;
}

/** Notified of every nack that goes to a device. */
export interface NackFollower {
  /** @param stream of the frame, where it names one */
  nacked(device: NackedDevice, frame: NackFrame, stream: string | undefined): void;
}
