import assert from 'node:assert/strict';
import { after, before, type TestContext } from 'node:test';
import { createPostgresAdoption } from '../../../hub/adapters/postgres/postgres-adoption-store.ts';
import { createPostgresAlarmNews } from '../../../hub/adapters/postgres/postgres-alarm-store.ts';
import { createPostgresSharedJournal } from '../../../hub/adapters/postgres/postgres-command-store.ts';
import { createPostgresNews } from '../../../hub/adapters/postgres/postgres-device-store.ts';
import { createPostgresLeases } from '../../../hub/adapters/postgres/postgres-lease-store.ts';
import { beginIncarnation, openPostgresState } from '../../../hub/adapters/postgres/postgres-state.ts';
import { createPostgresSpool } from '../../../hub/adapters/postgres/postgres-spool-store.ts';
import { createPostgresTenure } from '../../../hub/adapters/postgres/postgres-tenure-store.ts';
import { createPostgresTypes } from '../../../hub/adapters/postgres/postgres-type-store.ts';
import type { PgQuery, Postgres } from '../../../hub/adapters/postgres/postgres.ts';
import { postgresStores } from '../../../hub/wiring/state/postgres-stores.ts';
import { createPostgresDeliveryClaims } from '../../../hub/adapters/postgres/postgres-webhook-store.ts';
import { auditedWrites } from '../../../hub/wiring/state/state-stores.ts';
import { startPostgres, type PostgresServer } from '../services/postgres.ts';
import { waitFor } from '../wait-for.ts';
import { storedDevice } from './stored-device.ts';

const entries = auditedWrites((event) => ({ ...event, timeMs: 1 }));

/** Two hubs on one database, without processes: their stores. To be called once a file. */
export function twoHubs() {
  let server: PostgresServer | undefined;
  let databases = 0;
  before(async () => {
    server = await startPostgres();
  });
  after(() => server?.close());

  return async function openHubs(t: TestContext) {
    // Tests run after `before`.
    const running = server as PostgresServer;
    const url = running.url(`cluster_${(databases += 1)}`);
    const db = await openPostgresState({ url, username: running.username });
    t.after(() => db.close());
    const begin = async (hub: string) => {
      const owner = { hub, incarnation: await beginIncarnation(db, hub, '0.0.0') };
      return {
        owner: { id: hub, incarnation: owner.incarnation },
        stores: postgresStores(db, owner, entries),
        cluster: {
          ...createPostgresTenure(db, owner),
          ...createPostgresLeases(db, owner),
          ...createPostgresAdoption(db, owner),
        },
        journal: createPostgresSharedJournal(db, owner),
        news: createPostgresNews(db),
        alarmNews: createPostgresAlarmNews(db),
        types: createPostgresTypes(db),
        deliveries: createPostgresDeliveryClaims(db, owner),
        spool: createPostgresSpool(db, owner),
      };
    };
    const [a, b] = [await begin('a'), await begin('b')];
    await a.stores.devices.add([storedDevice('d-1'), storedDevice('d-2')]);
    return { a, b, db };
  };
}

export type StoredHub = Awaited<ReturnType<ReturnType<typeof twoHubs>>>['a'];

export async function openSession({ stores }: StoredHub, deviceId = 'd-1') {
  const opened = await stores.devices.openSession({ deviceId, boot: 'b', uptimeMs: 1, nowMs: 2 });
  assert.ok(opened.kind === 'opened');
  return opened;
}

export const online = (deviceId: string, epoch: number) =>
  ({ deviceId, state: 'online', reason: 'session-opened', sinceMs: 1, epoch, n: 2, marks: {} }) as const;

const waits =
  "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()";

/**
 * Statements meet: a transaction holds a row, each that is begun waits for it or for one before, and then it lets go.
 * @param hold takes the row, or changes it, and is committed when all wait
 * @returns what each resolves with, in their order
 */
export async function meet<Results extends readonly unknown[]>(
  db: Postgres,
  hold: (query: PgQuery) => Promise<unknown>,
  begin: { [At in keyof Results]: () => Promise<Results[At]> },
): Promise<Results> {
  const begun: Promise<unknown>[] = [];
  await db.transaction(async (query) => {
    await hold(query);
    for (const [at, each] of begin.entries()) {
      begun.push(each());
      await waitFor(async () => (await db.query(waits)).length === at + 1, { what: `${at + 1} that wait` });
    }
  });
  return (await Promise.all(begun)) as unknown as Results;
}
