/** Changes as close as this differ by microseconds. */
const sameMomentUs = 1_000_000;

/** Times of the points of each device, so that two changes within a millisecond are two points. */
export class OwnTimes {
  /** Device → the time of its newest point, µs. */
  readonly #lastUs = new Map<string, number>();

  /** @param timeMs of the change, Unix ms @returns a microsecond of its own, Unix ms */
  next(deviceId: string, timeMs: number): number {
    const givenUs = Math.round(timeMs * 1000);
    const nextUs = (this.#lastUs.get(deviceId) ?? 0) + 1;
    // A clock that was set back is believed, because the changes before it are far away.
    const ownUs = nextUs - givenUs > sameMomentUs ? givenUs : Math.max(givenUs, nextUs);
    this.#lastUs.set(deviceId, ownUs);
    return ownUs / 1000;
  }

  forget(deviceId: string): void {
    this.#lastUs.delete(deviceId);
  }
}
