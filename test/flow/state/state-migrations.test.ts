import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { createSilences } from '../../../hub/adapters/rows/plain-stores.ts';
import { createNoticeRecords, createSchedules } from '../../../hub/adapters/rows/record-stores.ts';
import { webhookRows } from '../../../hub/adapters/rows/webhook-rows.ts';
import { auditOriginMigrations, createAuditStore } from '../../../hub/adapters/sqlite/sqlite-audit-store.ts';
import { createCommandStore } from '../../../hub/adapters/sqlite/sqlite-command-store.ts';
import { createGroupCommandStore } from '../../../hub/adapters/sqlite/sqlite-group-command-store.ts';
import { sqliteTables } from '../../../hub/adapters/sqlite/sqlite-state-tables.ts';
import { openDatabase, type Database } from '../../../hub/adapters/sqlite/sqlite.ts';
import type { Statement } from '../../../hub/adapters/sqlite/sqlite-protocol.ts';
import {
  openStateDatabase,
  recordMigrations,
  stateMigrations,
} from '../../../hub/adapters/sqlite/state-database.ts';
import { isSettled } from '../../../hub/commands/group/group-command.ts';
import { temporaryFolder } from '../../helpers/services/guard.ts';

/** A state database as it was before `change`, with these rows, opened by the hub of today. */
async function upgraded(t: TestContext, change: string, rows: readonly Statement[]): Promise<Database> {
  const folder = temporaryFolder('migrations');
  const file = join(folder.path, 'state.db');
  const migrations = stateMigrations.slice(0, stateMigrations.indexOf(change));
  assert.ok(stateMigrations.includes(change));
  const old = await openDatabase({ file, migrations });
  await old.transaction(rows);
  await old.close();
  const db = await openStateDatabase(file);
  t.after(async () => {
    await db.close();
    folder.remove();
  });
  return db;
}

const [origins = ''] = auditOriginMigrations;

test('commands, group commands and audit entries of a hub that knew doors and rollouts have their origins', async (t) => {
  const body = {
    id: 'c-1',
    device: 'd-1',
    name: 'look',
    origin: { actor: 'local', door: 'socket' },
    heardMs: 7,
  };
  const { origin: _, ...unasked } = body;
  const group = { id: 'g-1', status: 'running', origin: { actor: 'token:ci', door: 'http' } };
  const command = `INSERT INTO command (device, id, status, final, owed, changed_ms, body)
                   VALUES ('d-1', ?1, 'running', 0, 0, 1, ?2)`;
  const db = await upgraded(t, origins, [
    {
      sql: `INSERT INTO audit (time_ms, actor, door, action, subject, outcome, details)
            VALUES (1, 'local', 'socket', 'command.send', 'd-1/c-1', 'accepted', '{}'),
                   (2, 'token:ci', 'mqtt', 'command.send', 'd-1/c-2', 'accepted', '{}')`,
    },
    { sql: command, params: ['c-1', JSON.stringify(body)] },
    { sql: command, params: ['c-2', JSON.stringify({ ...unasked, id: 'c-2' })] },
    {
      sql: `INSERT INTO rollout (id, status, owed, body) VALUES ('g-1', 'running', 0, ?1)`,
      params: [JSON.stringify(group)],
    },
  ]);
  const entries = await createAuditStore(db).list({ limit: 10 });
  assert.deepEqual(
    entries.map(({ actor, origin }) => [actor, origin]),
    [
      ['local', 'cli'],
      ['token:ci', 'mqtt'],
    ],
  );
  await assert.rejects(db.transaction([{ sql: `UPDATE audit SET origin = 'http'` }]), /append-only/);
  const { heardMs: _heard, ...rest } = unasked;
  const commands = await createCommandStore(db).open();
  assert.deepEqual(
    commands.map((record) => record.command),
    [
      { ...rest, requester: { actor: 'local', origin: 'cli' }, reportedMs: 7 },
      { ...rest, id: 'c-2', reportedMs: 7 },
    ],
  );
  const [kept] = await createGroupCommandStore(db, isSettled).open();
  assert.deepEqual(kept?.groupCommand, {
    id: 'g-1',
    status: 'running',
    requester: { actor: 'token:ci', origin: 'http' },
  });
});

const [records = ''] = recordMigrations;

test('notices, schedules, webhooks and silences of a hub that kept them in columns are the same records', async (t) => {
  const data = { text: `"ß" ' \u2028 \u0000 \\`, none: null, half: 1.5 };
  const body = (name: string): string => JSON.stringify({ name, more: data });
  const notice = `INSERT INTO notice (id, recipients, topic, data, at_ms, created_ms, actor) VALUES (?1, 'all', 'news', ?2, 9, 1.5, ?3)`;
  const db = await upgraded(t, records, [
    { sql: notice, params: ['n-1', JSON.stringify(data), 'operator:anna'] },
    { sql: notice, params: ['n-2', 'null', null] },
    { sql: 'INSERT INTO schedule (name, body) VALUES (?1, ?2)', params: ['nightly', body('nightly')] },
    { sql: 'INSERT INTO webhook (name, body) VALUES (?1, ?2)', params: ['pager', body('pager')] },
    ...['z', 'a'].map((id) => ({
      sql: 'INSERT INTO silence (id, body) VALUES (?1, ?2)',
      params: [id, body(id)],
    })),
  ]);
  const tables = sqliteTables(db);
  const common = { to: 'all', topic: 'news', atMs: 9, createdMs: 1.5 };
  assert.deepEqual(await createNoticeRecords(tables).load(), [
    { ...common, id: 'n-1', data, actor: 'operator:anna' },
    { ...common, id: 'n-2', data: null },
  ]);
  const named = (name: string): unknown => ({ name, more: data });
  assert.deepEqual(await createSchedules(tables).load(), [named('nightly')]);
  assert.deepEqual(await webhookRows(tables).webhooks(), [named('pager')]);
  assert.deepEqual(await createSilences(tables).load(), [named('z'), named('a')]);
});
