import { randomUUID } from 'node:crypto';
import type { Database } from './sqlite.ts';

export interface HubIdentityStore {
  /** Created at the first start on a data folder, and permanent. @throws HubError `database-failed` */
  hubId(): Promise<string>;
  /** To be called once a start: 1, 2, …; synced before it is answered. @throws HubError `database-failed` */
  nextIncarnation(): Promise<number>;
}

/** @param newId creates the id of a hub that has none yet */
export function createHubIdentityStore(db: Database, newId: () => string = randomUUID): HubIdentityStore {
  /** Makes the row when there is none, adds to the incarnation, and answers the row. */
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
