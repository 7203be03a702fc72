import type { Random } from '../../sdk/typescript/src/node.ts';

/** An unsigned 32-bit hash (FNV-1a, then a final mix so that similar texts differ in every bit). */
function hash32(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** The same seed gives the same numbers (mulberry32). Not for secrets. */
export function seededRandom(seed: string): Random {
  let state = hash32(seed);
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/**
 * Smooth noise in [−1, 1] that depends only on seed and time, so that a reading has the same value however often and
 * in whatever order it is taken.
 * @param atMs Unix time, ms
 * @param periodMs the time after which values are unrelated
 */
export function noiseAt(seed: string, atMs: number, periodMs: number): number {
  const slot = Math.floor(atMs / periodMs);
  const part = atMs / periodMs - slot;
  const smooth = part * part * (3 - 2 * part);
  return corner(seed, slot) * (1 - smooth) + corner(seed, slot + 1) * smooth;
}

function corner(seed: string, slot: number): number {
  return hash32(`${seed}/${slot}`) / 2_147_483_647.5 - 1;
}
