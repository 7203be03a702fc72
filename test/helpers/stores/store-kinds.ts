import { join } from 'node:path';
import { after, test, type TestContext } from 'node:test';
import { createAuditStore } from '../../../hub/adapters/sqlite/sqlite-audit-store.ts';
import { beginIncarnation, openPostgresState } from '../../../hub/adapters/postgres/postgres-state.ts';
import type { PostgresOwner } from '../../../hub/adapters/postgres/postgres-owner.ts';
import { createPostgresAdoption } from '../../../hub/adapters/postgres/postgres-adoption-store.ts';
import { createPostgresLeases } from '../../../hub/adapters/postgres/postgres-lease-store.ts';
import { createPostgresTenure } from '../../../hub/adapters/postgres/postgres-tenure-store.ts';
import type { Postgres } from '../../../hub/adapters/postgres/postgres.ts';
import { openStateDatabase } from '../../../hub/adapters/sqlite/state-database.ts';
import type { LeaseStore } from '../../../hub/cluster/leases.ts';
import type { AuditStore } from '../../../hub/audit/audit.ts';
import { postgresAudit, postgresStores } from '../../../hub/wiring/state/postgres-stores.ts';
import { firstSqliteStores, sqliteStores } from '../../../hub/wiring/state/sqlite-stores.ts';
import { auditedWrites, type FirstStores, type StateStores } from '../../../hub/wiring/state/state-stores.ts';
import { temporaryFolder } from '../services/guard.ts';
import { startPostgres, type PostgresServer } from '../services/postgres.ts';

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

/** What stores write into the audit beside their rows. */
export const entries = auditedWrites((event) => ({ ...event, timeMs: entryMs }));

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

/** One server for all tests of a file; each gets tables of its own. */
let server: Promise<PostgresServer> | undefined;
let opened = 0;
after(async () => (await server)?.close());

async function openPostgres(t: TestContext): Promise<OpenedState> {
  server ??= startPostgres();
  const { username, ...running } = await server;
  const options = { url: running.url(`state_${(opened += 1)}`), username, connections: 4 };
  let db = await openPostgresState(options);
  t.after(() => db.close());
  const begin = (): Promise<Pick<OpenedState, 'first' | 'stores'>> => postgresStart(db, 'hub-1');
  const state: OpenedState = {
    ...(await begin()),
    auditOf: (kept) => postgresAudit(db, kept),
    query: (sql) => db.query(sql),
    async restart() {
      await db.close();
      db = await openPostgresState(options);
      Object.assign(state, await begin());
    },
  };
  return state;
}

/** As a hub does that begins anew: what its earlier starts have left is its own again. */
export async function takeOver(db: Postgres, owner: PostgresOwner): Promise<void> {
  const tenure = createPostgresTenure(db, owner);
  const adoption = createPostgresAdoption(db, owner);
  const { hubs } = await tenure.beat();
  for (const earlier of hubs.filter(({ incarnation }) => incarnation < owner.incarnation)) {
    await tenure.declareDead(earlier);
    let left = 1;
    while (left > 0) {
      const page = await adoption.adopt(earlier, 100);
      left = page.left.length + page.kept.length;
    }
  }
}

/** This hub is the leader from here on, unless another one lives that is. @returns whether it is */
export async function lead(leases: LeaseStore): Promise<boolean> {
  const leader = (await leases.leases()).find(({ name }) => name === 'leader');
  return (await leases.take('leader', leader?.token ?? 0)) !== undefined;
}

/** The stores of a hub that starts on this database, and leads. */
export async function postgresStart(
  db: Postgres,
  hub: string,
): Promise<Pick<OpenedState, 'first' | 'stores'>> {
  const owner = { hub, incarnation: await beginIncarnation(db, hub, '0.0.0') };
  await takeOver(db, owner);
  await lead(createPostgresLeases(db, owner));
  return {
    first: {
      audit: postgresAudit(db),
      identity: {
        hubId: () => Promise.resolve(hub),
        nextIncarnation: () => Promise.resolve(owner.incarnation),
      },
    },
    stores: postgresStores(db, owner, entries),
  };
}

const kinds: readonly StoreKind[] = [
  { name: 'SQLite', open: openSqlite },
  { name: 'PostgreSQL', open: openPostgres },
];

/** What every kind of state promises: one test for each. */
export function contract(promise: string, body: (state: OpenedState) => Promise<void>): void {
  for (const { name, open } of kinds) test(`${promise} (${name})`, async (t) => body(await open(t)));
}
