import type { Artifact } from '../../firmware/artifacts/artifact.ts';
import type { ArtifactStore } from '../../firmware/artifacts/artifact-store.ts';
import type { Rollout, RolloutRecord, RolloutTarget } from '../../firmware/rollouts/rollout.ts';
import type { RolloutStore } from '../../firmware/rollouts/rollout-store.ts';
import type { Update } from '../../firmware/rollouts/update.ts';
import type { PgRow, Postgres } from './postgres.ts';

/** What is known of artifacts; their bytes are in the data folder. */
export function createPostgresArtifacts(db: Postgres): ArtifactStore {
  return {
    async load() {
      const rows = await db.longQuery('SELECT body FROM firmware ORDER BY type, version');
      // Written by `add` below, and by nothing else.
      return rows.map(({ body }) => JSON.parse(String(body)) as Artifact);
    },

    async add(artifact) {
      const { type, version } = artifact;
      const added = await db.query(
        'INSERT INTO firmware (type, version, body) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING type',
        [type, version, JSON.stringify(artifact)],
      );
      return added.length === 1;
    },

    async remove({ type, version }) {
      await db.query('DELETE FROM firmware WHERE type = $1 AND version = $2', [type, version]);
    },
  };
}

export function createPostgresRollouts(db: Postgres): RolloutStore {
  async function withTargets(rows: readonly PgRow[]): Promise<RolloutRecord[]> {
    const sql = 'SELECT device, wave, body FROM rollout_target WHERE rollout = $1 ORDER BY n';
    return Promise.all(
      rows.map(async (row) => ({
        rollout: rolloutOf(row),
        targets: (await db.longQuery(sql, [String(row['id'])])).map(targetOf),
      })),
    );
  }

  return {
    open: async () =>
      withTargets(await db.query('SELECT id, body FROM rollout WHERE NOT settled ORDER BY seq')),

    find: async (id) =>
      (await withTargets(await db.query('SELECT id, body FROM rollout WHERE id = $1', [id])))[0],

    async list(limit) {
      return (await db.query('SELECT body FROM rollout ORDER BY seq DESC LIMIT $1', [limit])).map(rolloutOf);
    },

    async accept({ rollout, targets }) {
      const added = await db.longQuery(
        `WITH added AS (
           INSERT INTO rollout (id, settled, body) VALUES ($1, false, $2) ON CONFLICT DO NOTHING RETURNING id),
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
        `WITH saved AS (UPDATE rollout SET settled = $2, ended_ms = $3, body = $4 WHERE id = $1)
         UPDATE rollout_target t SET body = g.body
           FROM unnest($5::int[], $6::text[]) AS g(n, body) WHERE t.rollout = $1 AND t.n = g.n`,
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

/** Written by `accept` and `save` above, and by nothing else. */
function rolloutOf({ body }: PgRow): Rollout {
  return JSON.parse(String(body)) as Rollout;
}

function targetOf(row: PgRow): RolloutTarget {
  return {
    device: String(row['device']),
    wave: Number(row['wave']),
    update: JSON.parse(String(row['body'])) as Update,
  };
}
