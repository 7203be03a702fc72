/** Whatever the clocks said, ms, and however fast a device reconnected. */
const least = 1_000_000;
/** A device has at most one session a second on average, in bursts of up to 20 (`sessions/admission.ts`). */
const perSec = 30;

/**
 * How far the epochs of a restored hub must leap, to be beyond all that were given out after the backup.
 * @param ageMs of the backup
 */
export function leapOf(ageMs: number): number {
  return least + perSec * Math.ceil(Math.max(0, ageMs) / 1000);
}
