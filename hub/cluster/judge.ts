import { lives, startName, type SeenHub } from './hub-start.ts';

/** A hub is dead when it has not beaten for so long, ms, in which it was looked at. */
const silentMs = 5_000;
/** What one look may add, ms: whoever could not look for a while has not seen that a hub was silent. */
const maxStepMs = 2_000;

/**
 * Counts for how long each other hub has been silent while somebody was looking. No clock of another machine is in it, and an
 * outage of the state, in which nobody can look, makes nobody dead.
 */
export class Judge {
  #lookedMs: number | undefined;
  readonly #silent = new Map<string, { beat: number; ms: number }>();

  /** @param hubs as they are now @param nowMs monotonic @returns those that are dead */
  look(hubs: readonly SeenHub[], nowMs: number): SeenHub[] {
    const stepMs = Math.min(nowMs - (this.#lookedMs ?? nowMs), maxStepMs);
    this.#lookedMs = nowMs;
    const dead: SeenHub[] = [];
    for (const hub of hubs) {
      const name = startName(hub);
      const before = this.#silent.get(name);
      if (!lives(hub)) this.#silent.delete(name);
      else if (before?.beat !== hub.beat) this.#silent.set(name, { beat: hub.beat, ms: 0 });
      else {
        before.ms += stepMs;
        if (before.ms >= silentMs) dead.push(hub);
      }
    }
    return dead;
  }
}
