import { randomUUID } from 'node:crypto';
import type { Database } from './sqlite.ts';

/**
 * The name of the hub and the number of its starts, in `state.db`.
 * @param newId creates the id of a hub that has none yet
 */
export function createHubIdentityStore(
  db: Database,
  newId: () => string = randomUUID,
): { hubId(): Promise<string>; nextIncarnation(): Promise<number> } {
  /** Creates the row when there is none, adds to the incarnation, and returns the row. */
  async function raise(by: 0 | 1): Promise<{ hubId: string; incarnation: number }> {
    const [rows] = await db.transaction([
      {
        sql: `INSERT INTO hub (one, id, incarnation) VALUES (1, ?1, ?2)
              ON CONFLICT (one) DO UPDATE SET incarnation = incarnation + ?2
              RETURNING id, incarnation`,
        params: [newId(), by],
      },
    ]);
    const row = rows?.[0];
    return { hubId: String(row?.['id']), incarnation: Number(row?.['incarnation']) };
  }
  return {
    hubId: async () => (await raise(0)).hubId,
    nextIncarnation: async () => (await raise(1)).incarnation,
  };
}
