import type { Log } from '../kernel/log.ts';
import type { Cancel, Clock } from '../../schemas/time/clock.ts';
import { imbalance, type Ledger } from './ledger.ts';
import type { Spool } from './spool.ts';
import type { Writer } from './writer.ts';

const runEveryMs = 10_000;

export interface ReconciliationDeps {
  ledger: Ledger;
  writer: Pick<Writer, 'waiting'>;
  spool: Spool;
  clock: Clock;
  log: Log;
}

/**
 * Compares the ledger with the places where points really are: the buffer and the disk. A difference is a fault
 * of the hub, so it is logged as an error.
 */
export class Reconciliation {
  readonly #deps: ReconciliationDeps;
  #stop: Cancel = () => {};
  /** Runs that found a difference. */
  failures = 0;

  constructor(deps: ReconciliationDeps) {
    this.#deps = deps;
  }

  start(): void {
    const { clock, log } = this.#deps;
    this.#stop = clock.every(runEveryMs, () => {
      this.run().catch((error: unknown) => log.error({ err: error }, 'the ledger could not be reconciled'));
    });
  }

  close(): void {
    this.#stop();
  }

  /** Compares now. @returns every difference found, in words */
  async run(): Promise<string[]> {
    const { ledger, writer, spool, log } = this.#deps;
    const found: string[] = [];
    const compare = (what: string, recorded: number, real: number): void => {
      if (recorded !== real) found.push(`${what}: the ledger says ${recorded}, but there are ${real}`);
    };
    for (const account of [ledger.total, ...ledger.all()]) {
      const difference = imbalance(account);
      if (difference !== 0) found.push(`account ${account.id} is out of balance by ${difference}`);
    }
    compare('in the buffer', ledger.total.inFlight, writer.waiting);
    const before = spool.changes;
    const { lines, deadLetters } = await spool.measured();
    // A change in between makes the two readings incomparable; the next run follows soon.
    if (before === spool.changes) {
      compare('in the spool', ledger.total.spooled, lines);
      compare('among the dead letters', ledger.total.deadLettered, deadLetters);
    }
    if (found.length > 0) {
      this.failures += 1;
      log.error({ differences: found.slice(0, 10) }, 'the ledger does not balance');
    }
    return found;
  }
}
