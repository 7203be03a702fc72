import type { LedgerRow } from '../../schemas/api/telemetry/ledger.ts';
import type { DeadLetter } from '../../schemas/api/telemetry/spool.ts';
import { deviceUnknown, HubError } from '../kernel/errors.ts';
import type { Registry } from '../registry/registry.ts';
import { imbalance, sumOf, type LedgerAccount, type Ledger } from '../telemetry/ledger.ts';
import type { Spool } from '../telemetry/spool.ts';
import type { StoreLink } from '../telemetry/store-link.ts';
import type { TelemetryOperations } from './telemetry-operations.ts';

/** Dead letters read at a time to find the visible ones. */
const minPage = 1_000;

/**
 * Ledger, spool and dead letters, as operators use them.
 * @param deps `registry` tells a device that has sent nothing yet from one that is unknown; `link` undefined: no hub runs
 */
export function createTelemetryAdministration(deps: {
  registry: Pick<Registry, 'get'>;
  ledger: Ledger;
  spool: Spool;
  link?: Pick<StoreLink, 'up' | 'fault'>;
}): TelemetryOperations {
  const { registry, ledger, spool, link } = deps;
  const isRegistered = (device: string, mayShow?: (deviceId: string) => boolean): boolean =>
    registry.get(device) !== undefined && mayShow?.(device) !== false;
  return {
    ledger(device, mayShow) {
      const found = device === undefined || mayShow?.(device) === false ? undefined : ledger.find(device);
      if (device !== undefined && found === undefined && !isRegistered(device, mayShow)) {
        return Promise.reject(deviceUnknown(device, `the ledger has no account of ${device}`));
      }
      const asked = device === undefined ? ledger.all() : found === undefined ? [] : [found];
      if (mayShow !== undefined) {
        const visible = asked.filter(({ id }) => mayShow(id));
        const report = { total: row(sumOf(visible)), accounts: visible.map(row) };
        return Promise.resolve({ ...report, rejectedBy: {}, droppedBy: {} });
      }
      return Promise.resolve({
        total: row(ledger.total),
        accounts: asked.map(row),
        rejectedBy: { ...ledger.rejectedBy },
        droppedBy: { ...ledger.droppedBy },
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
    async deadLetters(query, mayShow = () => true) {
      const letters: DeadLetter[] = [];
      const limit = Math.max(query.limit, minPage);
      for (let { afterId } = query; letters.length < query.limit;) {
        const page = await spool.deadLetters({ ...query, afterId, limit });
        letters.push(...page.filter(({ account }) => mayShow(account)));
        const last = page.at(-1);
        if (last === undefined || page.length < limit) break;
        afterId = last.id;
      }
      return letters.slice(0, query.limit);
    },
    async deadLetter(id, mayShow = () => true) {
      const letter = await spool.deadLetter(id);
      if (!mayShow(letter.account))
        throw new HubError('dead-letter-unknown', String(id), { details: { id } });
      return letter;
    },
    retryDeadLetters: (selection) => spool.retry(selection),
    purgeDeadLetters: (selection) => spool.purge(selection),
  };
}

function row(account: LedgerAccount): LedgerRow {
  return { ...account, imbalance: imbalance(account) };
}
