import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { createAuditStore } from '../../../hub/adapters/sqlite/sqlite-audit-store.ts';
import type { AuditEntry } from '../../../hub/audit/audit.ts';
import type { Database } from '../../../hub/adapters/sqlite/sqlite.ts';
import { openStateDatabase } from '../../../hub/adapters/sqlite/state-database.ts';
import { temporaryFolder } from '../../helpers/services/guard.ts';

function entry(n: number): AuditEntry {
  return {
    timeMs: 1_000 + n,
    actor: n % 2 === 0 ? 'local' : 'operator:anna',
    origin: 'http',
    action: 'device.add',
    subject: `d-${n}`,
    outcome: 'done',
    details: { n },
  };
}

/** An audit of at most 50 entries. */
async function openStore(
  t: TestContext,
): Promise<{ db: Database; store: ReturnType<typeof createAuditStore> }> {
  const folder = temporaryFolder('audit');
  const db = await openStateDatabase(join(folder.path, 'state.db'));
  t.after(async () => {
    await db.close();
    folder.remove();
  });
  return { db, store: createAuditStore(db, 50) };
}

test('the audit lists the newest that match, oldest first, and pages backwards', async (t) => {
  const { db, store } = await openStore(t);
  for (let n = 1; n <= 60; n += 1) await store.append(entry(n));
  const newest = await store.list({ limit: 3 });
  assert.deepEqual(
    newest.map(({ subject }) => subject),
    ['d-58', 'd-59', 'd-60'],
  );
  assert.deepEqual(newest[2], { seq: 60, ...entry(60) });
  const [older] = await store.list({ limit: 1, before: newest[0]?.seq ?? 0, actor: 'operator:anna' });
  assert.equal(older?.subject, 'd-57');
  assert.equal((await store.list({ limit: 100 })).length, 50, 'the oldest made room');
  await assert.rejects(
    db.transaction([{ sql: `UPDATE audit SET outcome = 'refused'` }]),
    /append-only/,
    'no entry is ever changed',
  );
});

test('whoever writes most entries makes room for all, and strangers are one', async (t) => {
  const { store } = await openStore(t);
  const by = (actor: string, n: number): AuditEntry => ({ ...entry(n), actor });
  for (let n = 0; n < 10; n += 1) await store.append(by('operator:anna', n));
  for (let n = 0; n < 200; n += 1) await store.append(by('token:greedy', n));
  for (let n = 0; n < 200; n += 1) await store.append(by(`address:10.0.0.${n}`, n));
  const held: Record<string, number> = {};
  for (const { actor } of await store.list({ limit: 100 })) {
    const source = actor.startsWith('address:') ? 'strangers' : actor;
    held[source] = (held[source] ?? 0) + 1;
  }
  assert.deepEqual(held, { 'operator:anna': 10, 'token:greedy': 20, strangers: 20 });
  const newest = await store.list({ limit: 1, actor: 'token:greedy' });
  assert.equal(newest[0]?.subject, 'd-199', 'of each, the oldest go first');
});
