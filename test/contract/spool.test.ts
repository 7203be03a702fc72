import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, test, type TestContext } from 'node:test';
import { createPostgresSpool } from '../../hub/adapters/postgres/postgres-spool-store.ts';
import { beginIncarnation, openPostgresState } from '../../hub/adapters/postgres/postgres-state.ts';
import { openSpoolDatabase } from '../../hub/adapters/sqlite/spool-database.ts';
import type { SpoolStore } from '../../hub/telemetry/spool-store.ts';
import { temporaryFolder } from '../helpers/services/guard.ts';
import { startPostgres, type PostgresServer } from '../helpers/services/postgres.ts';
import { badLetter, spoolEntry as entry } from '../helpers/stores/spool-entry.ts';

let server: Promise<PostgresServer> | undefined;
let opened = 0;
after(async () => (await server)?.close());

async function openSqlite(t: TestContext): Promise<SpoolStore> {
  const folder = temporaryFolder('spool');
  const spool = await openSpoolDatabase({ file: join(folder.path, 'spool.db') });
  t.after(async () => {
    await spool.close();
    folder.remove();
  });
  return spool;
}

async function openPostgres(t: TestContext): Promise<SpoolStore> {
  server ??= startPostgres();
  const postgres = await server;
  const { username } = postgres;
  const db = await openPostgresState({ url: postgres.url(`spool_${(opened += 1)}`), username });
  const spool = createPostgresSpool(db, {
    hub: 'hub-1',
    incarnation: await beginIncarnation(db, 'hub-1', '0.0.0'),
  });
  await spool.begin();
  t.after(async () => {
    await spool.close();
    await db.close();
  });
  return spool;
}

function contract(promise: string, body: (spool: SpoolStore) => Promise<void>): void {
  for (const [name, open] of Object.entries({ SQLite: openSqlite, PostgreSQL: openPostgres }))
    test(`${promise} (${name})`, async (t) => body(await open(t)));
}

const whole = { lines: 1_000_000, size: 1_000_000_000 };
const allLines = async (spool: SpoolStore): Promise<string[]> => (await spool.head(whole))?.lines ?? [];
const allLetters = (spool: SpoolStore) => spool.deadLetters({ afterId: 0, limit: 100 });

contract('a new spool holds nothing', async (spool) => {
  assert.deepEqual(await spool.levels(), { lines: 0, size: 0, deadLetters: 0, oldestMs: null });
  assert.deepEqual(await spool.shares(), { spooled: {}, deadLettered: {}, deadLetteredTypes: {} });
  assert.equal(await spool.head(whole), undefined);
  assert.equal(await spool.page(0), undefined);
  assert.deepEqual(await allLetters(spool), []);
});

contract(
  'entries come back in order, as many as fit, and are gone when removed, their refused lines dead letters',
  async (spool) => {
    for (const n of [1, 2, 3]) await spool.append(entry(n));
    assert.deepEqual((await spool.shares()).spooled, { 'd-1': 3, 'd-2': 3, 'd-3': 3 });
    const head = await spool.head({ lines: 7, size: 1_000_000 });
    assert.deepEqual(head?.lines, [...entry(1).lines, ...entry(2).lines]);
    assert.deepEqual(head?.shares, { 'd-1': 3, 'd-2': 3 });
    assert.equal(head?.size, entry(1).size + entry(2).size);
    assert.equal(head?.oldestMs, 1);
    const small = await spool.head({ lines: 1_000, size: entry(1).size + 1 });
    assert.deepEqual(small?.lines, entry(1).lines, 'as many as fit by their size');
    const bad = badLetter('d-2', entry(2).lines[0]);
    await spool.remove(head?.ids ?? [], [bad], 77);
    assert.deepEqual(await spool.levels(), { lines: 3, size: entry(3).size, deadLetters: 1, oldestMs: 3 });
    const [letter] = await allLetters(spool);
    const { type: _, ...shown } = bad;
    assert.deepEqual(letter, { id: letter?.id, ...shown, refusedMs: 77 });
    assert.deepEqual(await spool.deadLetter(letter?.id ?? 0), letter);
    assert.deepEqual((await spool.shares()).deadLetteredTypes, { sensor: 1 });
    const moved = { shares: { 'd-2': 1 }, types: { sensor: 1 }, size: bad.line.length + 1 };
    assert.deepEqual(await spool.retry({ device: 'd-2' }, 100, 88), moved);
    assert.deepEqual(await allLines(spool), [...entry(3).lines, bad.line]);
    assert.deepEqual(await allLetters(spool), []);
  },
);

contract('one entry is given however large it is', async (spool) => {
  await spool.append(entry(1, 50));
  assert.equal((await spool.head({ lines: 5, size: 10 }))?.lines.length, 50);
});

contract(
  'what is appended after a look at the oldest entries stays when those are removed',
  async (spool) => {
    await spool.append(entry(1));
    const head = await spool.head(whole);
    await spool.append(entry(2));
    await spool.remove(head?.ids ?? [], [], 5);
    assert.deepEqual(await allLines(spool), entry(2).lines);
  },
);

contract('any text comes back as it was, from accounts of any name, page by page too', async (spool) => {
  const odd = ['m,device=d s="Ä \u{1f600} \\" , =" 1', 'm,device=d s="Süd" 2'];
  const shares = Object.fromEntries([['__proto__', 1] as const, ['constructor', 1] as const]);
  await spool.append({ lines: odd, shares, size: 60, nowMs: 1.5 });
  await spool.append(entry(2));
  assert.deepEqual(await allLines(spool), [...odd, ...entry(2).lines]);
  assert.deepEqual(
    new Map(Object.entries((await spool.shares()).spooled)),
    new Map([...Object.entries(shares), ['d-2', 3]]),
  );
  const first = await spool.page(0);
  assert.equal(first?.text, `${odd.join('\n')}\n`);
  const second = await spool.page(first?.lastId ?? 0);
  assert.equal(second?.text, `${entry(2).lines.join('\n')}\n`);
  assert.equal(await spool.page(second?.lastId ?? 0), undefined);
  assert.equal((await spool.levels()).oldestMs, 1.5);
});

contract('dead letters are listed, retried and purged by id, by device, or all of them', async (spool) => {
  const letters = ['d-1', 'd-2', 'd-1', 'd-3', 'd-1'].map((device) => badLetter(device));
  await spool.addDeadLetters(letters, 5.5);
  await spool.addDeadLetters([], 6);
  assert.deepEqual(await spool.shares(), {
    spooled: {},
    deadLettered: { 'd-1': 3, 'd-2': 1, 'd-3': 1 },
    deadLetteredTypes: { sensor: 5 },
  });
  const all = await allLetters(spool);
  assert.deepEqual(
    all.map(({ account, refusedMs }) => [account, refusedMs]),
    letters.map(({ account }) => [account, 5.5]),
  );
  const ofOne = await spool.deadLetters({ device: 'd-1', afterId: all[0]?.id ?? 0, limit: 1 });
  assert.deepEqual(ofOne, [all[2]]);
  const [first, second] = all.map(({ id }) => id);
  assert.deepEqual(await spool.purge({ ids: [second ?? 0, 999_999] }), {
    shares: { 'd-2': 1 },
    types: { sensor: 1 },
  });
  assert.equal(await spool.deadLetter(second ?? 0), undefined);
  const { shares } = await spool.retry({ all: true }, 2, 9);
  assert.deepEqual(shares, { 'd-1': 2 }, 'the oldest first, as many as asked for');
  assert.equal(await spool.deadLetter(first ?? 0), undefined);
  assert.deepEqual((await spool.purge({ device: 'd-1' })).shares, { 'd-1': 1 });
  assert.deepEqual((await spool.purge({ all: true })).shares, { 'd-3': 1 });
  assert.deepEqual(await spool.retry({ all: true }, 100, 9), { shares: {}, types: {}, size: 0 });
  const { lines, deadLetters } = await spool.levels();
  assert.deepEqual({ lines, deadLetters }, { lines: 2, deadLetters: 0 });
});
