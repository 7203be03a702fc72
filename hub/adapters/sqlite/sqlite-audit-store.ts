import type { AuditEntry, AuditStore } from '../../audit/audit.ts';
import { auditRecordOf, keptEntries } from '../rows/audit-rows.ts';
import type { Database } from './sqlite.ts';
import type { Statement } from './sqlite-protocol.ts';

const appendOnly = `CREATE TRIGGER audit_is_append_only BEFORE UPDATE ON audit
     BEGIN SELECT raise(ABORT, 'the audit is append-only'); END;`;

/** No statement may change an entry, not even ours. The source with most entries loses its oldest to make room. */
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
   ${appendOnly}`,
];

/** The origin is the interface of a request; the admin socket counts as the command line. */
export const auditOriginMigrations: readonly string[] = [
  `DROP TRIGGER audit_is_append_only;
   ALTER TABLE audit RENAME COLUMN door TO origin;
   UPDATE audit SET origin = 'cli' WHERE origin = 'socket';
   ${appendOnly}`,
];

/** The source to which an entry counts. All addresses without a login count as one. */
const sourceOf = (actor: string): string => `iif(${actor} GLOB 'address:*', 'address', ${actor})`;

/** The number of entries of each source, so that the one that writes most makes room for the others. */
export const auditShareMigrations: readonly string[] = [
  `CREATE TABLE audit_held (source TEXT PRIMARY KEY, entries INTEGER NOT NULL) STRICT;
   INSERT INTO audit_held SELECT ${sourceOf('actor')}, count(*) FROM audit GROUP BY 1;
   CREATE INDEX audit_by_source ON audit (${sourceOf('actor')});
   CREATE TRIGGER audit_is_held AFTER INSERT ON audit BEGIN
     INSERT INTO audit_held VALUES (${sourceOf('NEW.actor')}, 1)
       ON CONFLICT (source) DO UPDATE SET entries = entries + 1;
   END;
   CREATE TRIGGER audit_is_let_go AFTER DELETE ON audit BEGIN
     UPDATE audit_held SET entries = entries - 1 WHERE source = ${sourceOf('OLD.actor')};
     DELETE FROM audit_held WHERE source = ${sourceOf('OLD.actor')} AND entries <= 0;
   END;`,
];

/** How often old entries are deleted, and how many at a time. */
const pruneEvery = 256;

/** The audit in `state.db` (`auditMigrations` applied). @param kept how many entries stay */
export function createAuditStore(db: Database, kept: number = keptEntries): AuditStore {
  let written = 0;
  return {
    async append(entry) {
      written += 1;
      const makesRoom = written % Math.min(pruneEvery, Math.ceil(kept / 100)) === 0;
      await db.transaction([insert(entry, ''), ...(makesRoom ? [prune(kept)] : [])]);
    },

    async list({ limit, before, fromMs, toMs, actor, action, subject }) {
      const rows = await db.read(
        `SELECT seq, time_ms, actor, origin, action, subject, outcome, details FROM audit
          WHERE (?2 IS NULL OR seq < ?2)
            AND (?3 IS NULL OR actor = ?3 OR substr(actor, -(length(?3) + 1)) = ':' || ?3)
            AND (?4 IS NULL OR action = ?4 OR substr(action, 1, length(?4) + 1) = ?4 || '.'
              OR substr(action, -(length(?4) + 1)) = '.' || ?4)
            AND (?5 IS NULL OR subject = ?5 OR substr(subject, 1, length(?5) + 1) = ?5 || '/')
            AND (?6 IS NULL OR time_ms >= ?6) AND (?7 IS NULL OR time_ms < ?7)
          ORDER BY seq DESC LIMIT ?1`,
        [limit, before, actor, action, subject, fromMs, toMs].map((given) => given ?? null),
      );
      return rows.map(auditRecordOf).toReversed();
    },
  };
}

/**
 * For a store that writes audit entries together with its own rows: the statements that follow the one that changes the
 * row, in the same transaction. When that statement changes no row, they add no entry.
 */
export function auditInSameTransaction(kept: number = keptEntries): (entry: AuditEntry) => Statement[] {
  let written = 0;
  return (entry) => {
    written += 1;
    // <https://sqlite.org/lang_corefunc.html#changes>
    const insertion = insert(entry, 'WHERE changes() > 0');
    return written % pruneEvery === 0 ? [insertion, prune(kept)] : [insertion];
  };
}

function insert(
  { timeMs, actor, origin, action, subject, outcome, details = {} }: AuditEntry,
  condition: '' | 'WHERE changes() > 0',
): Statement {
  return {
    sql: `INSERT INTO audit (time_ms, actor, origin, action, subject, outcome, details)
          SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7 ${condition}`,
    params: [timeMs, actor, origin, action, subject, outcome, JSON.stringify(details)],
  };
}

/** Uses an index, so the cost grows only with the number of entries deleted. */
function prune(kept: number): Statement {
  return {
    sql: `DELETE FROM audit WHERE seq IN (
            SELECT seq FROM audit
             WHERE ${sourceOf('actor')} = (SELECT source FROM audit_held ORDER BY entries DESC LIMIT 1)
             ORDER BY seq LIMIT max(0, (SELECT sum(entries) FROM audit_held) - ?1))`,
    params: [kept],
  };
}
