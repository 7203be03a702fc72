import type { RolloutStore } from '../../firmware/rollouts/rollout-store.ts';
import { rolloutRows } from '../rows/rollout-rows.ts';
import type { Postgres } from './postgres.ts';
import { leadsIn, type PostgresOwner } from './postgres-owner.ts';
import { postgresTables } from './postgres-state-tables.ts';

/** The leader alone writes it. */
export function createPostgresRollouts(db: Postgres, owner: PostgresOwner): RolloutStore {
  const leads = leadsIn(owner);
  return {
    ...rolloutRows(postgresTables(db, owner)),

    async accept({ rollout, targets }) {
      const added = await db.longQuery(
        `WITH added AS (
           INSERT INTO rollout (id, settled, body) SELECT $1, false, $2 WHERE ${leads} ON CONFLICT DO NOTHING RETURNING id),
         targeted AS (
           INSERT INTO rollout_target (rollout, n, device, wave, body)
           SELECT added.id, t.n - 1, t.device, t.wave, t.body
             FROM added, unnest($3::text[], $4::int[], $5::text[]) WITH ORDINALITY AS t(device, wave, body, n))
         SELECT id FROM added`,
        [
          rollout.id,
          JSON.stringify(rollout),
          targets.map(({ device }) => device),
          targets.map(({ wave }) => wave),
          targets.map(({ update }) => JSON.stringify(update)),
        ],
      );
      return added.length === 1;
    },

    async save(rollout, targets) {
      const { id, settled = false, endedMs = null } = rollout;
      await db.longQuery(
        `WITH saved AS (UPDATE rollout SET settled = $2, ended_ms = $3, body = $4 WHERE id = $1 AND ${leads} RETURNING id)
         UPDATE rollout_target t SET body = g.body
           FROM saved, unnest($5::int[], $6::text[]) AS g(n, body) WHERE t.rollout = saved.id AND t.n = g.n`,
        [
          id,
          settled,
          endedMs,
          JSON.stringify(rollout),
          targets.map(({ index }) => index),
          targets.map(({ target }) => JSON.stringify(target.update)),
        ],
      );
    },

    async prune(endedBeforeMs) {
      await db.longQuery(
        `WITH gone AS (DELETE FROM rollout WHERE settled AND ended_ms < $1 RETURNING id)
         DELETE FROM rollout_target USING gone WHERE rollout = gone.id`,
        [endedBeforeMs],
      );
    },
  };
}
