import type { Clock } from '../../schemas/time/clock.ts';

/** What has lasted for too long: each subject from when it began, by the monotonic clock. */
export class Overdue {
  readonly #clock: Pick<Clock, 'now' | 'monotonic'>;
  /** Subject → when it is too long, monotonic ms. */
  readonly #dueMs = new Map<string, number>();

  constructor(clock: Pick<Clock, 'now' | 'monotonic'>) {
    this.#clock = clock;
  }

  /** Has begun; what is under way goes on. @param sinceMs when, Unix ms @param afterMs so long is too long */
  begin(subject: string, sinceMs: number, afterMs: number): void {
    if (this.#dueMs.has(subject)) return;
    const passedMs = Math.max(0, this.#clock.now() - sinceMs);
    this.#dueMs.set(subject, this.#clock.monotonic() + Math.max(0, afterMs - passedMs));
  }

  end(subject: string): void {
    this.#dueMs.delete(subject);
  }

  /** Those that last for too long now, again each time until they end. */
  due(): string[] {
    const nowMs = this.#clock.monotonic();
    const due: string[] = [];
    for (const [subject, dueMs] of this.#dueMs) if (dueMs <= nowMs) due.push(subject);
    return due;
  }
}
