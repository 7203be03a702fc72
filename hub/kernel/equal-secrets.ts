import { timingSafeEqual } from 'node:crypto';

/** In a time that tells nothing of where they differ. */
export function areEqualSecrets(expected: string, given: string): boolean {
  const one = Buffer.from(expected);
  const other = Buffer.from(given);
  return one.length === other.length && timingSafeEqual(one, other);
}
