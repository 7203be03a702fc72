import type { CommandQuery } from '../../../schemas/api/commands/commands.ts';
import type { AuditEntry } from '../../audit/audit.ts';
import type { Command } from '../../commands/command.ts';
import type {
  Acceptance,
  CommandJournal,
  CommandRecord,
  Delivery,
  SharedJournal,
} from '../../commands/journal.ts';
import {
  biteSize,
  commandColumns,
  commandOf,
  commandPageOf,
  owedOf,
  pruneInBites,
} from '../rows/command-rows.ts';
import { jsonOf } from '../rows/row.ts';
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
  moves: number;
}

const columns = `${commandColumns}, moves`;

/**
 * The command journal. No hub changes the commands of another.
 * @param entryOf makes the audit entry that is written together with each new state
 */
export function createPostgresCommands(
  db: Postgres,
  owner: PostgresOwner,
  room: PostgresAuditRoom,
  entryOf: (command: Command, first: boolean) => AuditEntry,
): CommandJournal {
  const { hub, incarnation } = owner;
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
    async run(items) {
      const saved = await saveCommands(db, owner, items, entryOf);
      await room.noted(items.length);
      return saved;
    },
  });
  return {
    async open() {
      const rows = await db.longQuery(
        `SELECT ${columns} FROM command WHERE NOT final AND hub = $1 AND inc = $2 ORDER BY seq`,
        [hub, incarnation],
      );
      return rows.map(commandOf);
    },
    async unanswered({ limit, after = 0 }) {
      const rows = await db.query(
        `SELECT ${columns} FROM command WHERE owed AND seq > $1 AND hub = $3 AND inc = $4 ORDER BY seq LIMIT $2`,
        [after, limit, hub, incarnation],
      );
      return owedOf(rows);
    },
    async find(device, id) {
      const sql = `SELECT ${columns} FROM command WHERE device = $1 AND id = $2`;
      const [row] = await db.query(sql, [device, id]);
      return row && commandOf(row);
    },
    list: (query) => listCommands(db, query),
    async wasDelivered(key) {
      return (await db.query('SELECT 1 FROM command_delivery WHERE key = $1', [key])).length > 0;
    },
    accept: (record, final, delivery) => arrivals.add({ record, final, delivery }),
    save: (command, final, moves = 0) => savings.add({ command, final, moves }),
    async answered(commands) {
      await db.query(
        `UPDATE command c SET owed = false FROM unnest($1::text[], $2::text[]) AS g(device, id)
          WHERE c.device = g.device AND c.id = g.id AND c.owed`,
        [commands.map(({ device }) => device), commands.map(({ id }) => id)],
      );
    },
    prune: (endedBeforeMs, nowMs) =>
      pruneInBites(async () => {
        const commands = await db.query(
          `DELETE FROM command WHERE seq IN (
             SELECT seq FROM command WHERE final AND NOT owed AND changed_ms < $1 LIMIT ${biteSize}) RETURNING 1 AS one`,
          [endedBeforeMs],
        );
        const deliveries = await db.query(
          // A delivery may be renewed meanwhile. PostgreSQL then checks the outer condition again, but not the list of keys.
          `DELETE FROM command_delivery WHERE expires_ms < $1 AND key IN (
             SELECT key FROM command_delivery WHERE expires_ms < $1 LIMIT ${biteSize}) RETURNING 1 AS one`,
          [nowMs],
        );
        return [commands.length, deliveries.length];
      }),
  };
}

/** Further methods, for hubs that share the journal. */
export function createPostgresSharedJournal(
  db: Postgres,
  { hub, incarnation }: PostgresOwner,
): SharedJournal {
  return {
    async openOf(devices) {
      const rows = await db.query(
        `SELECT ${columns} FROM command WHERE device = ANY($3::text[]) AND NOT final AND hub = $1 AND inc = $2 ORDER BY seq`,
        [hub, incarnation, devices],
      );
      return rows.map(commandOf);
    },
    async accepted() {
      const rows = await db.query(
        `SELECT ${columns} FROM command WHERE status = 'accepted' AND hub = $1 AND inc = $2 ORDER BY seq`,
        [hub, incarnation],
      );
      return rows.map(commandOf);
    },
    async states(commands) {
      const rows = await db.query(
        `SELECT body FROM command c JOIN unnest($1::text[], $2::text[]) AS g(device, id)
             ON c.device = g.device AND c.id = g.id`,
        [commands.map(({ device }) => device), commands.map(({ id }) => id)],
      );
      return rows.map((row) => jsonOf(row['body']) as Command);
    },
  };
}

async function acceptCommands(
  db: Postgres,
  { hub, incarnation }: PostgresOwner,
  arrivals: readonly Arrival[],
  entryOf: (command: Command, first: boolean) => AuditEntry,
): Promise<Acceptance[]> {
  // In the order of devices, so that hubs never wait in a circle; those of one device in their own order.
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
       $9::float8[], $10::text[], $11::text[], $12::bytea[], $13::text[], $14::float8[], $15::bigint[], $16::float8[], $17::text[],
       $18::text[], $19::text[], $20::text[], $21::text[], $22::text[])`,
    [
      hub,
      incarnation,
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
      order.map(({ delivery }) => delivery?.gateToken ?? null),
      ...auditColumns(commands.map((command) => entryOf(command, true))),
    ],
  );
  const acceptances: Acceptance[] = arrivals.map(() => ({ kind: 'known' }));
  for (const row of rows) {
    const at = order[Number(row['at']) - 1]?.at;
    if (at !== undefined) acceptances[at] = acceptanceOf(row);
  }
  return acceptances;
}

/** @param row of `accept_commands` */
function acceptanceOf({ kind, owner }: PgRow): Acceptance {
  if (kind === 'added') return { kind, ...(typeof owner === 'string' ? { owner } : {}) };
  return { kind: kind === 'not-ours' ? kind : 'known' };
}

/** @returns for each command whether the journal has its state now */
async function saveCommands(
  db: Postgres,
  { hub, incarnation }: PostgresOwner,
  savings: readonly Saving[],
  entryOf: (command: Command, first: boolean) => AuditEntry,
): Promise<boolean[]> {
  const commands = savings.map(({ command }) => command);
  const rows = await db.query(
    `SELECT at FROM save_commands($1, $2, $3::text[], $4::text[], $5::text[], $6::boolean[], $7::float8[], $8::text[], $9::bigint[],
       $10::float8[], $11::text[], $12::text[], $13::text[], $14::text[], $15::text[], $16::text[])`,
    [
      hub,
      incarnation,
      commands.map(({ device }) => device),
      commands.map(({ id }) => id),
      commands.map(({ status }) => status),
      savings.map(({ final }) => final),
      commands.map(({ changedMs }) => changedMs),
      commands.map((command) => JSON.stringify(command)),
      savings.map(({ moves }) => moves),
      ...auditColumns(commands.map((command) => entryOf(command, false))),
    ],
  );
  const saved = new Set(rows.map((row) => Number(row['at'])));
  return savings.map((_, index) => saved.has(index + 1));
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
  return commandPageOf(rows, limit);
}
