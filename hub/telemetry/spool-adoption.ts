import { messageOf } from '../kernel/errors.ts';
import type { Log } from '../kernel/log.ts';
import type { SharedSpoolStore } from './spool-store.ts';
import type { Spool } from './spool.ts';

export interface SpoolAdoptionDeps {
  spool: Spool;
  /** Where it is, with the lines of other hubs. */
  store: Pick<SharedSpoolStore, 'anyLeft' | 'adopt'>;
  log: Log;
}

/**
 * Takes over the lines that hubs left which have ended, this one's earlier starts among them: all hubs do so, each some at a time.
 * Follows the beats of this hub in the state that they share, where the lines are, too.
 */
export class SpoolAdoption {
  readonly #deps: SpoolAdoptionDeps;
  #running: Promise<void> | undefined;

  constructor(deps: SpoolAdoptionDeps) {
    this.#deps = deps;
  }

  beaten(): void {
    this.#deps.spool.found(undefined);
    void this.run();
  }

  unanswered(): void {
    this.#deps.spool.found('PostgreSQL does not answer');
  }

  /** Resolves when nothing is left for which there is room, or the state does not answer. */
  run(): Promise<void> {
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #run(): Promise<void> {
    const { spool, store, log } = this.#deps;
    const total = { lines: 0, deadLetters: 0 };
    try {
      if (!(await store.anyLeft())) return;
      for (;;) {
        const adopted = await spool.adopt(store);
        if (adopted === undefined) break;
        total.lines += adopted.lines;
        total.deadLetters += adopted.deadLetters;
      }
    } catch (error) {
      log.warn({ reason: messageOf(error) }, 'what other hubs left in the spool is not taken over yet');
    }
    if (total.lines + total.deadLetters > 0)
      log.info(total, 'lines that a hub left in the spool are taken over');
  }
}
