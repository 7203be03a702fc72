import type { Log } from '../kernel/log.ts';
import { imbalance, type Ledger } from './ledger.ts';
import type { Spool } from './spool.ts';
import type { Writer } from './writer.ts';

export interface Reconciliation {
  /** Compares now. @returns every difference found, in words */
  run(): Promise<string[]>;
  /** Runs that found a difference. */
  readonly failures: number;
}

/**
 * Compares the ledger with the places where points really are: the buffer and the disk. A difference is a fault
 * of the hub, so it is logged as an error.
 */
export function createReconciliation(deps: {
  ledger: Ledger;
  writer: Pick<Writer, 'waiting'>;
  spool: Spool;
  log: Log;
}): Reconciliation {
  const { ledger, writer, spool, log } = deps;
  let failures = 0;
  return {
    get failures() {
      return failures;
    },
    async run() {
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
        failures += 1;
        log.error({ differences: found.slice(0, 10) }, 'the ledger does not balance');
      }
      return found;
    },
  };
}
