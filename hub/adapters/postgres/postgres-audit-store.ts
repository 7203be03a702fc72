import type { AuditEntry, AuditStore } from '../../audit/audit.ts';
import { auditRecordOf, keptEntries } from '../rows/audit-rows.ts';
import type { PgScalar, Postgres } from './postgres.ts';

/** Keeps the audit to its size, whoever writes to it. */
export class PostgresAuditRoom {
  readonly #db: Postgres;
  readonly #kept: number;
  #written = 0;

  /** @param kept how many entries stay */
  constructor(db: Postgres, kept: number = keptEntries) {
    this.#db = db;
    this.#kept = kept;
  }

  /** Counts entries that were written. Never rejects: when old entries cannot be deleted now, a later call deletes them. */
  async noted(entries: number): Promise<void> {
    this.#written += entries;
    // Counting uses only an index; it takes 0.1 s for a full audit.
    if (this.#written < Math.ceil(this.#kept / 100)) return;
    try {
      await prune(this.#db, this.#kept);
      this.#written = 0;
    } catch {
      // Whoever wrote the entries meets the same fault.
    }
  }
}

/** The audit. The source with most entries loses its oldest to make room. */
export function createPostgresAudit(db: Postgres, room: PostgresAuditRoom): AuditStore {
  return {
    async append(entry) {
      await db.query(
        `INSERT INTO audit (time_ms, actor, origin, action, subject, outcome, details)
         SELECT * FROM unnest($1::float8[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[])`,
        auditColumns([entry]),
      );
      await room.noted(1);
    },

    async list({ limit, before, fromMs, toMs, actor, action, subject }) {
      const values: PgScalar[] = [limit];
      const wanted: string[] = [];
      const conditions: [PgScalar | undefined, (value: string) => string][] = [
        [before, (value) => `seq < ${value}`],
        [fromMs, (value) => `time_ms >= ${value}`],
        [toMs, (value) => `time_ms < ${value}`],
        [actor, (value) => `(actor = ${value} OR right(actor, length(${value}) + 1) = ':' || ${value})`],
        [
          action,
          (value) =>
            `(action = ${value} OR starts_with(action, ${value} || '.') OR right(action, length(${value}) + 1) = '.' || ${value})`,
        ],
        [subject, (value) => `(subject = ${value} OR starts_with(subject, ${value} || '/'))`],
      ];
      for (const [value, condition] of conditions) {
        if (value === undefined) continue;
        values.push(value);
        wanted.push(condition(`$${values.length}`));
      }
      const rows = await db.longQuery(
        `SELECT seq, time_ms, actor, origin, action, subject, outcome, details FROM audit
          ${wanted.length === 0 ? '' : `WHERE ${wanted.join(' AND ')}`} ORDER BY seq DESC LIMIT $1`,
        values,
      );
      return rows.map(auditRecordOf).toReversed();
    },
  };
}

/** Entries as the arrays of a statement: time, actor, origin, action, subject, outcome, details. */
export function auditColumns(entries: readonly AuditEntry[]): PgScalar[][] {
  return [
    entries.map(({ timeMs }) => timeMs),
    entries.map(({ actor }) => actor),
    entries.map(({ origin }) => origin),
    entries.map(({ action }) => action),
    entries.map(({ subject }) => subject),
    entries.map(({ outcome }) => outcome),
    entries.map(({ details = {} }) => JSON.stringify(details)),
  ];
}

async function prune(db: Postgres, kept: number): Promise<void> {
  await db.longQuery(
    `WITH held AS (SELECT source, count(*) AS entries FROM audit GROUP BY source)
     DELETE FROM audit WHERE seq IN (
       SELECT seq FROM audit WHERE source = (SELECT source FROM held ORDER BY entries DESC LIMIT 1)
        ORDER BY seq LIMIT greatest(0, (SELECT sum(entries) FROM held) - $1))`,
    [kept],
  );
}
