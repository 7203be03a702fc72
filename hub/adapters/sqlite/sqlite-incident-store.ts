import type { IncidentStore, StoredIncident } from '../../incidents/incident-log.ts';
import { jsonOf } from '../rows/row.ts';
import type { Database } from './sqlite.ts';

export const incidentMigrations: readonly string[] = [
  `CREATE TABLE incident (
     id TEXT PRIMARY KEY,
     since_ms REAL NOT NULL,
     open INTEGER NOT NULL,
     -- A StoredIncident, as JSON.
     body TEXT NOT NULL
   ) STRICT;
   CREATE INDEX incident_age ON incident (open, since_ms);`,
];

/** Closed incidents that are kept to be listed. */
const keptClosed = 500;

/** Incidents in `state.db`, so that an open one is still open after a restart. */
export function createIncidentStore(db: Database): IncidentStore {
  return {
    async load() {
      const rows = await db.read('SELECT body FROM incident ORDER BY since_ms, rowid');
      return rows.map(({ body }) => jsonOf(body) as StoredIncident);
    },

    ofOthers: () => Promise.resolve([]),

    async save(incidents) {
      await db.transaction([
        {
          sql: `INSERT INTO incident (id, since_ms, open, body)
                SELECT value ->> 'id', value ->> 'sinceMs', value ->> 'state' = 'open', value
                  FROM json_each(?1)
                 WHERE true
                ON CONFLICT (id) DO UPDATE SET open = excluded.open, body = excluded.body`,
          params: [JSON.stringify(incidents)],
        },
        {
          sql: `DELETE FROM incident WHERE rowid IN (
                  SELECT rowid FROM incident WHERE open = 0 ORDER BY since_ms DESC, rowid DESC LIMIT -1 OFFSET ?1)`,
          params: [keptClosed],
        },
      ]);
    },
  };
}
