import type { CommandQuery } from '../../../schemas/api/commands.ts';
import type { AuditEntry } from '../../audit/audit.ts';
import type { Command } from '../../commands/command.ts';
import type { Acceptance, CommandJournal, CommandRecord, Delivery } from '../../commands/journal.ts';
import type { PgRow, PgScalar, Postgres } from './postgres.ts';
import { auditColumns, type PostgresAuditRoom } from './postgres-audit-store.ts';
import type { PostgresOwner } from './postgres-owner.ts';

interface Arrival {
  record: CommandRecord;
  final: boolean;
  delivery: Delivery | undefined;
}

interface Saving {
  command: Command;
  final: boolean;
}

const columns = 'seq, body, answer_topic, answer_correlation';
/** A prune is done in small bites so that no command waits for it. */
const biteSize = 1_000;
const maxBites = 100;

/**
 * The command journal. What one hub owns, no other changes.
 * @param entryOf the audit entry that is written together with each new state
 */
export function createPostgresCommands(
  db: Postgres,
  owner: PostgresOwner,
  room: PostgresAuditRoom,
  entryOf: (command: Command, first: boolean) => AuditEntry,
): CommandJournal {
  const arrivals = db.batches<Arrival, Acceptance>({
    laneOf: ({ record }) => record.command.device,
    async run(items) {
      const acceptances = await acceptCommands(db, owner, items, entryOf);
      await room.noted(items.length);
      return acceptances;
    },
  });
  const savings = db.batches<Saving, boolean>({
    laneOf: ({ command }) => command.device,
    keyOf: ({ command }) => `${command.device}/${command.id}`,
    async run(items) {
      const saved = await saveCommands(db, owner, items, entryOf);
      await room.noted(items.length);
      return saved;
    },
  });
  return {
    async open() {
      const { hub, inc } = owner;
      const rows = await db.longQuery(
        `SELECT ${columns} FROM command WHERE NOT final AND hub = $1 AND inc = $2 ORDER BY seq`,
        [hub, inc],
      );
      return rows.map(recordOf);
    },
    async unanswered({ limit, after = 0 }) {
      const { hub, inc } = owner;
      const rows = await db.query(
        `SELECT ${columns} FROM command WHERE owed AND seq > $1 AND hub = $3 AND inc = $4 ORDER BY seq LIMIT $2`,
        [after, limit, hub, inc],
      );
      return { records: rows.map(recordOf), last: numberOf(rows.at(-1)?.['seq']) };
    },
    async find(device, id) {
      const sql = `SELECT ${columns} FROM command WHERE device = $1 AND id = $2`;
      const [row] = await db.query(sql, [device, id]);
      return row === undefined ? undefined : recordOf(row);
    },
    list: (query) => listCommands(db, query),
    async wasDelivered(key) {
      return (await db.query('SELECT 1 FROM command_delivery WHERE key = $1', [key])).length > 0;
    },
    accept: (record, final, delivery) => arrivals.add({ record, final, delivery }),
    save: (command, final) => savings.add({ command, final }),
    async answered(commands) {
      await db.query(
        `UPDATE command c SET owed = false FROM unnest($1::text[], $2::text[]) AS g(device, id)
          WHERE c.device = g.device AND c.id = g.id AND c.owed`,
        [commands.map(({ device }) => device), commands.map(({ id }) => id)],
      );
    },
    async prune(endedBeforeMs, nowMs) {
      for (let bite = 0; bite < maxBites; bite += 1) {
        const commands = await db.query(
          `DELETE FROM command WHERE seq IN (
             SELECT seq FROM command WHERE final AND NOT owed AND changed_ms < $1 LIMIT ${biteSize}) RETURNING 1 AS one`,
          [endedBeforeMs],
        );
        const deliveries = await db.query(
          `DELETE FROM command_delivery WHERE key IN (
             SELECT key FROM command_delivery WHERE expires_ms < $1 LIMIT ${biteSize}) RETURNING 1 AS one`,
          [nowMs],
        );
        if (commands.length < biteSize && deliveries.length < biteSize) return;
      }
    },
  };
}

async function acceptCommands(
  db: Postgres,
  { hub, inc }: PostgresOwner,
  arrivals: readonly Arrival[],
  entryOf: (command: Command, first: boolean) => AuditEntry,
): Promise<Acceptance[]> {
  // By device, so that nobody waits in a circle; those of one device in their order.
  const order = arrivals
    .map((arrival, at) => ({ ...arrival, at }))
    .toSorted((a, b) =>
      a.record.command.device < b.record.command.device
        ? -1
        : Number(a.record.command.device > b.record.command.device),
    );
  const commands = order.map(({ record }) => record.command);
  const rows = await db.query(
    `SELECT * FROM accept_commands($1, $2, $3::text[], $4::text[], $5::text[], $6::text[], $7::boolean[], $8::float8[],
       $9::float8[], $10::text[], $11::text[], $12::bytea[], $13::text[], $14::float8[], $15::float8[], $16::text[],
       $17::text[], $18::text[], $19::text[], $20::text[], $21::text[])`,
    [
      hub,
      inc,
      commands.map(({ device }) => device),
      commands.map(({ id }) => id),
      commands.map(({ name }) => name),
      commands.map(({ status }) => status),
      order.map(({ final }) => final),
      commands.map(({ acceptedMs }) => acceptedMs),
      commands.map(({ changedMs }) => changedMs),
      commands.map((command) => JSON.stringify(command)),
      order.map(({ record }) => record.answerTo?.topic ?? null),
      order.map(({ record }) => record.answerTo?.correlation ?? null),
      order.map(({ delivery }) => delivery?.key ?? null),
      order.map(({ delivery }) => delivery?.expiresMs ?? null),
      ...auditColumns(commands.map((command) => entryOf(command, true))),
    ],
  );
  const acceptances: Acceptance[] = arrivals.map(() => ({ kind: 'known' }));
  for (const row of rows) {
    const at = order[Number(row['at']) - 1]?.at;
    if (at !== undefined && row['kind'] === 'added')
      acceptances[at] = { kind: 'added', ours: row['ours'] === true };
  }
  return acceptances;
}

/**
 * A final state that is there already, word for word, counts as written: the answer to the first attempt may have been lost with
 * its connection.
 */
async function saveCommands(
  db: Postgres,
  { hub, inc }: PostgresOwner,
  savings: readonly Saving[],
  entryOf: (command: Command, first: boolean) => AuditEntry,
): Promise<boolean[]> {
  const commands = savings.map(({ command }) => command);
  const rows = await db.query(
    `WITH given AS (
       SELECT * FROM unnest($3::text[], $4::text[], $5::text[], $6::boolean[], $7::float8[], $8::text[], $9::float8[], $10::text[],
                            $11::text[], $12::text[], $13::text[], $14::text[], $15::text[]) WITH ORDINALITY
         AS g(device, id, status, final, changed_ms, body, a_time, a_actor, a_origin, a_action, a_subject, a_outcome, a_details, at)),
     saved AS (
       UPDATE command c SET status = g.status, final = g.final, owed = g.final, changed_ms = g.changed_ms, body = g.body
         FROM given g WHERE c.device = g.device AND c.id = g.id AND NOT c.final AND c.hub = $1 AND c.inc = $2
       RETURNING g.at),
     audited AS (
       INSERT INTO audit (time_ms, actor, origin, action, subject, outcome, details)
       SELECT a_time, a_actor, a_origin, a_action, a_subject, a_outcome, a_details FROM given JOIN saved USING (at) ORDER BY at)
     SELECT at FROM saved
     UNION ALL
     SELECT g.at FROM given g JOIN command c ON c.device = g.device AND c.id = g.id
      WHERE c.final AND c.body = g.body AND c.hub = $1 AND c.inc = $2`,
    [
      hub,
      inc,
      commands.map(({ device }) => device),
      commands.map(({ id }) => id),
      commands.map(({ status }) => status),
      savings.map(({ final }) => final),
      commands.map(({ changedMs }) => changedMs),
      commands.map((command) => JSON.stringify(command)),
      ...auditColumns(commands.map((command) => entryOf(command, false))),
    ],
  );
  const saved = new Set(rows.map((row) => Number(row['at'])));
  return savings.map((_, index) => saved.has(index + 1));
}

function recordOf(row: PgRow): CommandRecord {
  // Written by the statements above, and by nothing else.
  const command = JSON.parse(String(row['body'])) as Command;
  const { answer_topic: topic, answer_correlation: correlation } = row;
  if (typeof topic !== 'string') return { command };
  return {
    command,
    answerTo: { topic, correlation: correlation instanceof Uint8Array ? correlation : undefined },
  };
}

function numberOf(value: unknown): number | undefined {
  return value === undefined ? undefined : Number(value);
}

async function listCommands(
  db: Postgres,
  { device, name, id, status, open, fromMs, toMs, limit, before }: CommandQuery,
): ReturnType<CommandJournal['list']> {
  const values: PgScalar[] = [limit];
  const wanted: string[] = [];
  const where = (condition: (placeholder: string) => string, value: PgScalar | undefined): void => {
    if (value === undefined) return;
    values.push(value);
    wanted.push(condition(`$${values.length}`));
  };
  where((value) => `device = ${value}`, device);
  where((value) => `name = ${value}`, name);
  where((value) => `id = ${value}`, id);
  where((value) => `status = ${value}`, status);
  where((value) => `final = ${value}`, open === undefined ? undefined : !open);
  where((value) => `seq < ${value}`, before);
  where((value) => `accepted_ms >= ${value}`, fromMs);
  where((value) => `accepted_ms < ${value}`, toMs);
  const rows = await db.longQuery(
    `SELECT ${columns} FROM command ${wanted.length === 0 ? '' : `WHERE ${wanted.join(' AND ')}`} ORDER BY seq DESC LIMIT $1`,
    values,
  );
  const last = rows.length < limit ? undefined : rows.at(-1)?.['seq'];
  return { commands: rows.map((row) => recordOf(row).command), last: numberOf(last) };
}
