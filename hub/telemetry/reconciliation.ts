import type { Log } from '../kernel/log.ts';
import { imbalance, type Books } from './ledger.ts';
import type { Spool } from './spool.ts';
import type { Writer } from './writer.ts';

export interface Audit {
  /** Compares now. @returns every difference found, in words */
  run(): Promise<string[]>;
  /** Runs that found a difference. */
  readonly failures: number;
}

/**
 * Holds the books against the places where points really are: the buffer, and the disk. A difference is a
 * fault of the hub, so it is logged as an error.
 */
export function createAudit(deps: {
  books: Books;
  writer: Pick<Writer, 'waiting'>;
  spool: Spool;
  log: Log;
}): Audit {
  const { books, writer, spool, log } = deps;
  let failures = 0;
  return {
    get failures() {
      return failures;
    },
    async run() {
      const found: string[] = [];
      const compare = (what: string, booked: number, real: number): void => {
        if (booked !== real) found.push(`${what}: ${booked} booked, ${real} found`);
      };
      for (const account of [books.total, ...books.all()]) {
        compare(`balance of ${account.id}`, imbalance(account), 0);
      }
      compare('in flight', books.total.inFlight, writer.waiting);
      const before = spool.changes;
      const { lines, deadLetters } = await spool.measured();
      // A change in between makes the two readings incomparable; the next run comes soon.
      if (before === spool.changes) {
        compare('spooled', books.total.spooled, lines);
        compare('dead-lettered', books.total.deadLettered, deadLetters);
      }
      if (found.length > 0) {
        failures += 1;
        log.error({ differences: found.slice(0, 10) }, 'the books do not balance');
      }
      return found;
    },
  };
}
