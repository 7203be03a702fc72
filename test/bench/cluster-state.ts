import type { PostgresOptions } from '../../hub/adapters/postgres/postgres.ts';
import { beginIncarnation, openPostgresState } from '../../hub/adapters/postgres/postgres-state.ts';
import type { SessionOpening } from '../../hub/registry/device-store.ts';
import type { PresenceRow } from '../../hub/presence/presence-store.ts';
import { postgresStores } from '../../hub/wiring/state/postgres-stores.ts';
import { auditedWrites } from '../../hub/wiring/state/state-stores.ts';

const devices = 10_000;
const aloneOpens = 500;
/** As many as the keeper writes at a time. */
const presencePage = 500;

/** What the shared state takes, asked by one process without a hub around it. */
export async function benchSharedState(options: PostgresOptions): Promise<object> {
  const db = await openPostgresState(options);
  try {
    const owner = { hub: 'bench', incarnation: await beginIncarnation(db, 'bench', '0.0.0') };
    const stores = postgresStores(
      db,
      owner,
      auditedWrites((event) => ({ ...event, timeMs: Date.now() })),
    );
    const ids = Array.from({ length: devices }, (_, n) => `d-${n}`);
    await stores.devices.add(
      ids.map((id) => ({
        id,
        type: 'env-sensor@1',
        site: 'bench',
        credentials: [],
        createdMs: 0,
        disabled: false,
        epoch: 0,
      })),
    );
    const opening = (deviceId: string, round: number): SessionOpening => ({
      deviceId,
      boot: `boot-${round}`,
      uptimeMs: 1_000,
      nowMs: Date.now(),
    });
    const open = (given: SessionOpening) => stores.devices.openSession(given);
    await Promise.all(ids.map((id) => open(opening(id, 0))));
    const batchedMs = await timed(() => Promise.all(ids.map((id) => open(opening(id, 1)))));
    const aloneMs = await timed(async () => {
      for (const id of ids.slice(0, aloneOpens)) await open(opening(id, 2));
    });
    const rows = ids.map((deviceId, n): PresenceRow => ({
      deviceId,
      state: 'suspect',
      reason: 'heartbeat-late',
      sinceMs: n,
      epoch: deviceId === '' || n >= aloneOpens ? 2 : 3,
      n: 2,
      marks: {},
    }));
    let saved = 0;
    const presenceMs = await timed(async () => {
      for (let from = 0; from < rows.length; from += presencePage)
        saved += (await stores.presence.savePresence(rows.slice(from, from + presencePage))).size;
    });
    if (saved !== devices) throw new Error(`${saved} of ${devices} rows were written`);
    return {
      opensPerSec: Math.round(devices / (batchedMs / 1_000)),
      goalOpensPerSec: 4_000,
      openAloneMs: Number((aloneMs / aloneOpens).toFixed(2)),
      goalOpenAloneMs: 1,
      presenceRowsPerSec: Math.round(devices / (presenceMs / 1_000)),
      goalPresenceRowsPerSec: 20_000,
    };
  } finally {
    await db.close();
  }
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const fromMs = performance.now();
  await work();
  return performance.now() - fromMs;
}
