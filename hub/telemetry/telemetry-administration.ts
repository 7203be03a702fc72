import { HubError } from '../kernel/errors.ts';
import { imbalance, type Account, type Books } from './books.ts';
import type { Spool } from './spool.ts';
import type { StoreLink } from './store-link.ts';
import type { LedgerRow, TelemetryOperations } from './telemetry-operations.ts';

/** The operators' side of books, spool and dead letters. @param deps `link` undefined: no hub runs */
export function createTelemetryAdministration(deps: {
  books: Books;
  spool: Spool;
  link?: Pick<StoreLink, 'up' | 'fault'>;
}): TelemetryOperations {
  const { books, spool, link } = deps;
  return {
    ledger(device) {
      const found = device === undefined ? undefined : books.find(device);
      if (device !== undefined && found === undefined) {
        const error = new HubError('device-unknown', `nothing is booked for ${device}`, {
          details: { id: device },
        });
        return Promise.reject(error);
      }
      return Promise.resolve({
        total: row(books.total),
        accounts: (found === undefined ? books.all() : [found]).map(row),
        rejectedBy: { ...books.rejectedBy },
        droppedBy: { ...books.droppedBy },
      });
    },
    async spoolStatus() {
      const { lines, size, deadLetters, oldestMs } = await spool.measured();
      const { maxSize, maxDeadLetters } = spool.levels;
      return {
        store: link === undefined ? 'offline' : link.up ? 'up' : 'down',
        ...(link?.fault === undefined ? {} : { storeFault: link.fault }),
        ...(spool.fault === undefined ? {} : { spoolFault: spool.fault }),
        lines,
        size,
        maxSize,
        deadLetters,
        maxDeadLetters,
        oldestMs,
      };
    },
    spoolPage: async (afterId) => (await spool.page(afterId)) ?? null,
    deadLetters: (query) => spool.deadLetters(query),
    deadLetter: (id) => spool.deadLetter(id),
    retryDeadLetters: (selection) => spool.retry(selection),
    purgeDeadLetters: (selection) => spool.purge(selection),
  };
}

function row(account: Account): LedgerRow {
  return { ...account, imbalance: imbalance(account) };
}
