import type { StartState, HubStart, SeenHub } from '../../cluster/hub-start.ts';
import type { TenureStore } from '../../cluster/tenure.ts';
import type { Postgres } from './postgres.ts';
import type { PostgresOwner } from './postgres-owner.ts';

/** The starts of hubs, and whether each still counts. */
export function createPostgresTenure(db: Postgres, { hub, incarnation }: PostgresOwner): TenureStore {
  const end = async (start: HubStart, state: StartState, beat?: number): Promise<boolean> => {
    const ended = await db.query(
      `UPDATE hub SET state = $3, ended_at = now()
        WHERE id = $1 AND inc = $2 AND state = 'up' AND beat = coalesce($4, beat) RETURNING id`,
      [start.id, start.incarnation, state, beat ?? null],
    );
    return ended.length === 1;
  };
  return {
    async beat() {
      const rows = await db.query(
        `WITH mine AS (UPDATE hub SET beat = beat + 1 WHERE id = $1 AND inc = $2 AND state = 'up' RETURNING 1)
         SELECT id, inc, beat, state, version, EXISTS (SELECT 1 FROM mine) AS is_mine FROM hub ORDER BY id, inc`,
        [hub, incarnation],
      );
      return { mine: rows[0]?.['is_mine'] === true, hubs: rows.map(seenHub) };
    },

    declareDead: (seen) => end(seen, 'dead', seen.beat),

    async leave() {
      await end({ id: hub, incarnation }, 'left');
    },
  };
}

function seenHub(row: Readonly<Record<string, unknown>>): SeenHub {
  return {
    id: String(row['id']),
    incarnation: Number(row['inc']),
    beat: Number(row['beat']),
    // Only the statements above write it.
    state: String(row['state']) as StartState,
    version: String(row['version']),
  };
}
