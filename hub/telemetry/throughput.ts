import type { LiveCounts } from '../../schemas/api/live.ts';
import type { Cancel, Clock } from '../../schemas/time/clock.ts';
import type { LedgerAccount, Ledger } from './ledger.ts';

/** Per second: frames (for some devices only, their readings and events), and points stored. */
export type Rates = Pick<LiveCounts, 'messagesPerSec' | 'storedPerSec'>;

interface Mark {
  atMs: number;
  frames: number;
  stored: number;
  accounts: ReadonlyMap<LedgerAccount, { received: number; stored: number }>;
}

/** A rate covers the last five to ten seconds. */
const markEveryMs = 5_000;

/** How many points arrive and are stored per second, of all devices or of some. */
export class Throughput {
  readonly #deps: { clock: Clock; ledger: Ledger; frames: () => number };
  #stop: Cancel = () => {};
  #older: Mark;
  #newer: Mark;

  constructor(deps: { clock: Clock; ledger: Ledger; frames: () => number }) {
    this.#deps = deps;
    this.#older = this.#newer = this.#mark();
  }

  start(): void {
    this.#stop = this.#deps.clock.every(markEveryMs, () => {
      this.#older = this.#newer;
      this.#newer = this.#mark();
    });
  }

  /** @param mayShow not given: of all devices */
  rates(mayShow?: (deviceId: string) => boolean): Rates {
    const { clock, ledger, frames } = this.#deps;
    const before = this.#older;
    const seconds = (clock.monotonic() - before.atMs) / 1000;
    const perSec = (count: number): number => (seconds > 0 ? Math.round((count / seconds) * 10) / 10 : 0);
    if (mayShow === undefined) {
      return {
        messagesPerSec: perSec(frames() - before.frames),
        storedPerSec: perSec(ledger.total.stored - before.stored),
      };
    }
    let received = 0;
    let stored = 0;
    for (const account of ledger.accounts()) {
      const then = before.accounts.get(account);
      const receivedNow = account.received - (then?.received ?? 0);
      const storedNow = account.stored - (then?.stored ?? 0);
      if ((receivedNow === 0 && storedNow === 0) || !mayShow(account.id)) continue;
      received += receivedNow;
      stored += storedNow;
    }
    return { messagesPerSec: perSec(received), storedPerSec: perSec(stored) };
  }

  close(): void {
    this.#stop();
  }

  #mark(): Mark {
    const { clock, ledger, frames } = this.#deps;
    const accounts = new Map<LedgerAccount, { received: number; stored: number }>();
    for (const account of ledger.accounts())
      accounts.set(account, { received: account.received, stored: account.stored });
    return { atMs: clock.monotonic(), frames: frames(), stored: ledger.total.stored, accounts };
  }
}
