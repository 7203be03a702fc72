import type { Artifact } from '../../../firmware/artifacts/artifact.ts';
import type { ArtifactStore } from '../../../firmware/artifacts/artifact-store.ts';
import type { Database } from '../sqlite.ts';

/** What is known of artifacts, in `state.db`. */
export function createArtifactStore(db: Database): ArtifactStore {
  return {
    async load() {
      const rows = await db.read('SELECT body FROM firmware ORDER BY type, version');
      // Written by `add` below, and by nothing else.
      return rows.map(({ body }) => JSON.parse(String(body)) as Artifact);
    },

    async add(artifact) {
      const { type, version } = artifact;
      const [added] = await db.transaction([
        {
          sql: 'INSERT INTO firmware (type, version, body) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING RETURNING type',
          params: [type, version, JSON.stringify(artifact)],
        },
      ]);
      return added?.length === 1;
    },

    async remove({ type, version }) {
      await db.transaction([
        { sql: 'DELETE FROM firmware WHERE type = ?1 AND version = ?2', params: [type, version] },
      ]);
    },
  };
}
