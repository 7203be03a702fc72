/** No clock that is right shows an earlier time: this release was made then. Raised with each release; Unix ms. */
export const releasedMs = Date.UTC(2026, 10, 1);

/** A machine's clock that is further ahead of what is known for sure is more likely wrong than right, ms. */
export const plausibleAheadMs = 5 * 365.25 * 86_400_000;
