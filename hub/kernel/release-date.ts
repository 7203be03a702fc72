/**
 * No clock that is right shows an earlier time: this release was made then. The date of the newest version in CHANGELOG.md;
 * Unix ms.
 */
export const releasedMs = Date.UTC(2026, 10, 21);

/** A machine's clock that is further ahead of what is known for sure is more likely wrong than right, ms. */
export const plausibleAheadMs = 5 * 365.25 * 86_400_000;

/**
 * The time by which certificates are made and judged, Unix ms: the clock's, unless it cannot be right. Then it is this
 * release's own date, so that what is made holds as soon as the clock is right, and a hub starts by any clock.
 */
export function datingMs(nowMs: number): number {
  return nowMs >= releasedMs && nowMs <= releasedMs + plausibleAheadMs ? nowMs : releasedMs;
}
