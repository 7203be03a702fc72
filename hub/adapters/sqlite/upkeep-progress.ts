import type { UpkeepProgress } from '../../telemetry/upkeep.ts';
import type { Database } from './sqlite.ts';

/** How far the roll-ups have come, in `state.db`. */
export function createUpkeepProgress(db: Database): UpkeepProgress {
  return {
    async load() {
      const [row] = await db.read("SELECT at_ms FROM job_progress WHERE job = 'roll-up'");
      return row === undefined ? undefined : Number(row['at_ms']);
    },
    async save(rolledUpToMs) {
      await db.transaction([
        {
          sql: `INSERT INTO job_progress (job, at_ms) VALUES ('roll-up', ?1)
                ON CONFLICT (job) DO UPDATE SET at_ms = ?1`,
          params: [rolledUpToMs],
        },
      ]);
    },
  };
}
