import { createHash } from 'node:crypto';

/** A device's own share of a jitter, in [0, 1): the same whenever it is asked for, and at every hub. @param id of what is spread */
export function ownShare(id: string, device: string): number {
  return createHash('sha256').update(`${id}/${device}`).digest().readUInt32BE(0) / 2 ** 32;
}
