import type { HubClockStore } from '../../telemetry/clock/hub-clock.ts';
import type { Database } from './sqlite.ts';

/** The latest time the hub has believed, in `state.db`. */
export function createHubClockStore(db: Database): HubClockStore {
  return {
    async lastMs() {
      const [row] = await db.read('SELECT last_ms FROM hub_clock WHERE one = 1');
      return Number(row?.['last_ms'] ?? 0);
    },
    async saveLastMs(ms) {
      await db.transaction([
        {
          sql: `INSERT INTO hub_clock (one, last_ms) VALUES (1, ?1)
                ON CONFLICT (one) DO UPDATE SET last_ms = ?1`,
          params: [ms],
        },
      ]);
    },
  };
}
