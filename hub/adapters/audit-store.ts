import type { AuditRecord, AuditStore } from '../audit/audit.ts';
import type { Database, Row } from './sqlite.ts';

/** No statement changes an entry, not even ours; the oldest make room for new ones. */
export const auditMigrations: readonly string[] = [
  `CREATE TABLE audit (
     seq INTEGER PRIMARY KEY AUTOINCREMENT,
     time_ms REAL NOT NULL,
     actor TEXT NOT NULL,
     door TEXT NOT NULL,
     action TEXT NOT NULL,
     subject TEXT NOT NULL,
     outcome TEXT NOT NULL,
     details TEXT NOT NULL
   ) STRICT;
   CREATE TRIGGER audit_is_append_only BEFORE UPDATE ON audit
     BEGIN SELECT raise(ABORT, 'the audit is append-only'); END;`,
];

/** About 200 MB. */
const defaultKept = 1_000_000;

/** The audit in `state.db` (`auditMigrations` applied). @param kept so many of the newest entries stay */
export function createAuditStore(db: Database, kept: number = defaultKept): AuditStore {
  return {
    async append({ timeMs, actor, door, action, subject, outcome, details = {} }) {
      await db.transaction([
        {
          sql: `INSERT INTO audit (time_ms, actor, door, action, subject, outcome, details)
                VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)`,
          params: [timeMs, actor, door, action, subject, outcome, JSON.stringify(details)],
        },
        // By key, so it costs next to nothing.
        { sql: 'DELETE FROM audit WHERE seq <= (SELECT max(seq) FROM audit) - ?1', params: [kept] },
      ]);
    },

    async list({ limit, before, actor, action, subject }) {
      const rows = await db.read(
        `SELECT seq, time_ms, actor, door, action, subject, outcome, details FROM audit
          WHERE (?2 IS NULL OR seq < ?2) AND (?3 IS NULL OR actor = ?3)
            AND (?4 IS NULL OR action = ?4) AND (?5 IS NULL OR subject = ?5)
          ORDER BY seq DESC LIMIT ?1`,
        [limit, before ?? null, actor ?? null, action ?? null, subject ?? null],
      );
      return rows.map(recordOf).toReversed();
    },
  };
}

function recordOf(row: Row): AuditRecord {
  return {
    seq: Number(row['seq']),
    timeMs: Number(row['time_ms']),
    actor: String(row['actor']),
    door: String(row['door']),
    action: String(row['action']),
    subject: String(row['subject']),
    outcome: String(row['outcome']),
    // Written by `append` above, and by nothing else.
    details: JSON.parse(String(row['details'])) as Record<string, unknown>,
  };
}
