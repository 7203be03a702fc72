import { deviceIdPattern } from '../../schemas/index.ts';
import type { NackCode, NackFrame } from '../../schemas/index.ts';
import type { Refusal } from '../telemetry/ingest.ts';

/** Codes after which the same reading may be sent again later, and how long to wait at least, ms. */
const retryAfterMs: Partial<Record<NackCode, number>> = { rate: 1_000, overloaded: 5_000, 'not-open': 1_000 };

/** The nack of a refusal, without the seq or command id it answers. */
export function nack(refusal: Refusal): NackFrame {
  const after = retryAfterMs[refusal.code];
  return after === undefined
    ? { type: 'nack', retry: false, ...refusal }
    : { type: 'nack', retry: true, retryAfterMs: after, ...refusal };
}

/** A seq that a nack may name, whatever else is wrong with the frame. */
export function isSeq(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) > 0;
}

/** The command a refused frame was about, for its nack; nothing when what it names cannot be a command's id. */
export function commandOf({ re }: Record<string, unknown>): { re?: string } {
  return typeof re === 'string' && deviceIdPattern.test(re) ? { re } : {};
}
