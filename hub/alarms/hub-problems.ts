import type { Clock } from '../../schemas/time/clock.ts';
import type { AlarmBoard } from './limit-watch.ts';
import { Overdue } from './overdue.ts';

interface Deps {
  clock: Clock;
  alarms: AlarmBoard;
  /** By part: what is wrong with it, in a sentence; undefined: nothing. */
  faults: () => Readonly<Record<string, string | undefined>>;
}

/** A fault that is over sooner is none that a person can do something about, ms. */
const faultAfterMs = 10_000;

/** The hub's own faults. */
export class HubProblems {
  readonly #deps: Deps;
  readonly #lasting: Overdue;

  constructor(deps: Deps) {
    this.#deps = deps;
    this.#lasting = new Overdue(deps.clock);
  }

  /** To be called about once a second. */
  sweep(): void {
    const { clock, alarms } = this.#deps;
    const faults = this.#deps.faults();
    for (const [part, fault] of Object.entries(faults)) {
      if (fault !== undefined) {
        this.#lasting.begin(part, clock.now(), faultAfterMs);
        continue;
      }
      this.#lasting.end(part);
      alarms.clear(undefined, `hub.${part}`);
    }
    for (const part of this.#lasting.due()) {
      const text = `${part}: ${faults[part] ?? ''}`;
      const source = `hub.${part}`;
      alarms.raise(undefined, { source, kind: 'hub', severity: 'critical', text, lasting: true });
    }
  }
}
