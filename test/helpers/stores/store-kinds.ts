import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { createAuditStore } from '../../../hub/adapters/sqlite/sqlite-audit-store.ts';
import { openStateDatabase } from '../../../hub/adapters/sqlite/state-database.ts';
import type { AuditStore } from '../../../hub/audit/audit.ts';
import { firstSqliteStores, sqliteStores } from '../../../hub/wiring/state/sqlite-stores.ts';
import { auditedWrites, type FirstStores, type StateStores } from '../../../hub/wiring/state/state-stores.ts';
import { temporaryFolder } from '../services/guard.ts';

/** The stores of one state, empty at first. */
export interface OpenedState {
  first: FirstStores;
  stores: StateStores;
  /** The audit with room for this many entries. */
  auditOf(kept: number): AuditStore;
  /** Runs a statement that every kind of database understands. */
  query(sql: string): Promise<readonly Readonly<Record<string, unknown>>[]>;
  /** Closes and opens again, as a hub that restarts: `first` and `stores` are new. */
  restart(): Promise<void>;
}

interface StoreKind {
  name: string;
  open: (t: TestContext) => Promise<OpenedState>;
}

/** Entries that stores write beside their rows have this time. */
export const entryMs = 1_700_000_000_000.5;

const entries = auditedWrites((event) => ({ ...event, timeMs: entryMs }));

async function openSqlite(t: TestContext): Promise<OpenedState> {
  const folder = temporaryFolder('state');
  const file = join(folder.path, 'state.db');
  let db = await openStateDatabase(file);
  t.after(async () => {
    await db.close();
    folder.remove();
  });
  const state: OpenedState = {
    first: firstSqliteStores(db),
    stores: sqliteStores(db, entries),
    auditOf: (kept) => createAuditStore(db, kept),
    query: async (sql) => (await db.transaction([{ sql }]))[0] ?? [],
    async restart() {
      await db.close();
      db = await openStateDatabase(file);
      state.first = firstSqliteStores(db);
      state.stores = sqliteStores(db, entries);
    },
  };
  return state;
}

const kinds: readonly StoreKind[] = [{ name: 'SQLite', open: openSqlite }];

/** What every kind of state promises: one test for each. */
export function contract(promise: string, body: (state: OpenedState) => Promise<void>): void {
  for (const { name, open } of kinds) test(`${promise} (${name})`, async (t) => body(await open(t)));
}
