import { messageOf } from '../kernel/errors.ts';
import type { Log } from '../kernel/log.ts';
import type { Clock } from '../../schemas/time/clock.ts';
import type { Leases } from './leases.ts';

/** Whether it is this hub that does what is done once for all hubs. */
export interface Leader {
  readonly leads: boolean;
  /** Does it now when this hub leads. */
  run(what: () => Promise<void>): Promise<void>;
  /**
   * Begins it when this hub leads: now, and resolves when it is begun; or later, or never, and resolves at once. Later it is tried until
   * it has begun: the state may be away at that moment.
   */
  begin(what: string, start: () => Promise<void>): Promise<void>;
}

/** What could not begin is tried again after this, ms. */
const againMs = 2_000;

/** @param leases not given: there is no other hub */
export function leaderOf(leases: Leases | undefined, { clock, log }: { clock: Clock; log: Log }): Leader {
  if (leases === undefined) return { leads: true, run: (what) => what(), begin: (_what, start) => start() };
  const leads = (): boolean => leases.holds('leader');
  return {
    get leads() {
      return leads();
    },
    run: (what) => (leads() ? what() : Promise.resolve()),
    begin(what, start) {
      const tryNow = (): void => {
        start().catch((error: unknown) => {
          log.error({ what, reason: messageOf(error) }, 'not begun as the leader yet');
          clock.after(againMs, () => {
            if (leads()) tryNow();
          });
        });
      };
      leases.follow('leader', { gained: tryNow });
      return Promise.resolve();
    },
  };
}
