import assert from 'node:assert/strict';
import { after, before, test, type TestContext } from 'node:test';
import { createPostgresSpool } from '../../../hub/adapters/postgres/postgres-spool-store.ts';
import { beginIncarnation, openPostgresState } from '../../../hub/adapters/postgres/postgres-state.ts';
import { startPostgres, type PostgresServer } from '../../helpers/services/postgres.ts';
import { startTcpProxy, type ProxyWatch } from '../../helpers/services/tcp-proxy.ts';
import { badLetter, spoolEntry as entry } from '../../helpers/stores/spool-entry.ts';
import { twoHubs, type StoredHub } from '../../helpers/stores/two-hubs.ts';
import { waitFor } from '../../helpers/wait-for.ts';

/** The spool that several hubs have in one PostgreSQL: whose lines are whose, and changes whose connection breaks. */

const openHubs = twoHubs();
const whole = { lines: 1_000_000, size: 1_000_000_000 };
const plenty = { size: 1_000_000, deadLetters: 1_000 };

async function begun(t: TestContext) {
  const { a, b, db } = await openHubs(t);
  await Promise.all([a.spool.begin(), b.spool.begin()]);
  return { a, b, db };
}

/** @param judge declares the other one dead */
async function declareDead(judge: StoredHub, dead: StoredHub): Promise<void> {
  const { hubs } = await judge.cluster.beat();
  const seen = hubs.find(({ id }) => id === dead.owner.id);
  assert.ok(seen && (await judge.cluster.declareDead(seen)));
}

test('what a hub has left that has ended is taken over whole, once, and what a living one has is not', async (t) => {
  const { a, b } = await begun(t);
  for (const n of [1, 2]) await a.spool.append(entry(n));
  await a.spool.addDeadLetters([badLetter('d-1'), badLetter('d-2')], 7);
  await b.spool.append(entry(3));
  assert.equal(await b.spool.anyLeft(), false);
  assert.equal(await b.spool.adopt(plenty), undefined, 'it lives');
  assert.deepEqual((await b.spool.head(whole))?.lines, entry(3).lines, 'each reads its own');

  await declareDead(b, a);
  assert.equal(await b.spool.anyLeft(), true);
  assert.deepEqual(await b.spool.adopt(plenty), {
    lines: 6,
    size: entry(1).size + entry(2).size,
    oldestMs: 1,
    deadLetters: 2,
    spooled: { 'd-1': 3, 'd-2': 3 },
    deadLettered: { 'd-1': 1, 'd-2': 1 },
    deadLetteredTypes: { sensor: 2 },
  });
  assert.equal(await b.spool.adopt(plenty), undefined);
  assert.equal(await b.spool.anyLeft(), false);
  const { lines, deadLetters } = await b.spool.levels();
  assert.deepEqual([lines, deadLetters], [9, 2]);
  const all = [entry(1), entry(2), entry(3)].flatMap((each) => each.lines);
  assert.deepEqual((await b.spool.head(whole))?.lines, all, 'the oldest first');
});

test('a hub that was declared dead and does not know it adds nothing and removes nothing once its part is taken over', async (t) => {
  const { a, b } = await begun(t);
  await a.spool.append(entry(1));
  const seen = await a.spool.head(whole);
  await declareDead(b, a);
  await a.spool.append(entry(2));
  const adopted = await b.spool.adopt(plenty);
  assert.equal(adopted?.lines, 6, 'what it added before that is taken over, too');
  await assert.rejects(a.spool.remove(seen?.ids ?? [], [badLetter('d-1')], 9), /another hub has taken over/);
  assert.equal(await b.spool.adopt(plenty), undefined);
  await assert.rejects(a.spool.append(entry(3)), /another hub has taken over/);
  await assert.rejects(a.spool.addDeadLetters([badLetter('d-1')], 9), /another hub has taken over/);
  const { lines, deadLetters } = await b.spool.levels();
  assert.deepEqual([lines, deadLetters], [6, 0]);
});

test('two hubs that take over at the same time get each entry once', async (t) => {
  const { a, b, db } = await begun(t);
  const incarnation = await beginIncarnation(db, 'c', '0.0.0');
  const third = createPostgresSpool(db, { hub: 'c', incarnation });
  await third.begin();
  for (let n = 1; n <= 250; n += 1) await a.spool.append(entry(n, 1));
  await declareDead(b, a);
  const all = async (spool: typeof third): Promise<number> => {
    let lines = 0;
    // While the other one has the part, there is nothing to take.
    while (await spool.anyLeft()) lines += (await spool.adopt(plenty))?.lines ?? 0;
    return lines;
  };
  const [one, two] = await Promise.all([all(b.spool), all(third)]);
  assert.equal(one + two, 250);
  assert.equal((await b.spool.levels()).lines + (await third.levels()).lines, 250);
});

test('what has no room stays with the hub that left it, and lines do not wait for dead letters', async (t) => {
  const { a, b } = await begun(t);
  await a.spool.append(entry(1));
  await a.spool.addDeadLetters(
    ['d-1', 'd-2', 'd-3'].map((device) => badLetter(device)),
    7,
  );
  await declareDead(b, a);
  assert.equal(await b.spool.adopt({ size: 0, deadLetters: 0 }), undefined);
  const some = await b.spool.adopt({ size: 0, deadLetters: 2 });
  assert.deepEqual([some?.lines, some?.deadLetters], [0, 2]);
  const rest = await b.spool.adopt({ size: 1, deadLetters: 0 });
  assert.deepEqual([rest?.lines, rest?.deadLetters], [3, 0]);
  assert.equal(await b.spool.adopt({ size: 1, deadLetters: 0 }), undefined);
  assert.equal(await b.spool.anyLeft(), true, 'a dead letter waits for room');
});

test('what is taken over between a look at the oldest lines and their removal stays', async (t) => {
  const { a, b } = await begun(t);
  await a.spool.append(entry(1));
  await b.spool.append(entry(2));
  const seen = await b.spool.head(whole);
  await declareDead(b, a);
  await b.spool.adopt(plenty);
  await b.spool.remove(seen?.ids ?? [], [], 9);
  assert.deepEqual((await b.spool.head(whole))?.lines, entry(1).lines);
});

let postgres: PostgresServer;
before(async () => {
  postgres = await startPostgres();
});
after(() => postgres?.close());
let schemas = 0;

/** A spool behind a proxy, and what PostgreSQL really has of it. */
async function behindProxy(t: TestContext, watch: ProxyWatch = {}) {
  const schema = `spool_${(schemas += 1)}`;
  const url = new URL(postgres.url(schema));
  const proxy = await startTcpProxy({ port: postgres.port }, watch);
  url.port = String(proxy.port);
  const db = await openPostgresState({ url: url.href, username: postgres.username });
  const incarnation = await beginIncarnation(db, 'a', '0.0.0');
  const spool = createPostgresSpool(db, { hub: 'a', incarnation });
  await spool.begin();
  t.after(async () => {
    await proxy.resume();
    await spool.close();
    await db.close();
    await proxy.close();
  });
  const rows = (): number => Number(postgres.sql(`SELECT count(*) FROM ${schema}.spool`));
  return { spool, proxy, rows, schema };
}

test('lines whose commit was not confirmed do not count, and are gone before the next are added', async (t) => {
  const { spool, proxy, rows } = await behindProxy(t);
  proxy.stallServerToClient();
  const refused = assert.rejects(spool.append(entry(1)), { details: { reason: 'connection-lost' } });
  await waitFor(() => rows() === 1, { what: 'the commit' });
  proxy.cut();
  await refused;
  await proxy.resume();
  assert.equal((await spool.levels()).lines, 0);
  assert.equal(await spool.head(whole), undefined);
  await spool.append(entry(2));
  assert.deepEqual((await spool.head(whole))?.lines, entry(2).lines);
  assert.equal(rows(), 1);
});

test('a removal whose commit was not confirmed is told as what it came to: made, or not', async (t) => {
  let atCommit = (): void => undefined;
  const { spool, proxy, rows } = await behindProxy(t, {
    sent: (bytes) => {
      if (bytes.includes('COMMIT')) atCommit();
    },
  });
  for (const n of [1, 2]) await spool.append(entry(n));
  const head = await spool.head({ lines: 3, size: 1_000_000 });
  atCommit = () => proxy.stallServerToClient();
  const removed = spool.remove(head?.ids ?? [], [badLetter('d-1')], 9);
  await waitFor(() => rows() === 1, { what: 'the commit' });
  atCommit = () => undefined;
  proxy.cut();
  await proxy.resume();
  await removed;
  const { lines, deadLetters } = await spool.levels();
  assert.deepEqual([lines, deadLetters], [3, 1]);

  const stalled = Promise.withResolvers<void>();
  atCommit = () => {
    proxy.stallClientToServer();
    stalled.resolve();
  };
  const refused = assert.rejects(spool.purge({ all: true }), { details: { reason: 'connection-lost' } });
  await stalled.promise;
  atCommit = () => undefined;
  proxy.cut();
  await proxy.resume();
  await refused;
  assert.equal((await spool.levels()).deadLetters, 1);
  assert.deepEqual((await spool.purge({ all: true })).shares, { 'd-1': 1 });
});

test('a hub that stops does not wait for PostgreSQL to learn what became of a removal', async (t) => {
  let atCommit = (): void => undefined;
  const { spool, proxy } = await behindProxy(t, {
    sent: (bytes) => {
      if (bytes.includes('COMMIT')) atCommit();
    },
  });
  await spool.append(entry(1));
  const stalled = Promise.withResolvers<void>();
  atCommit = () => {
    proxy.stallClientToServer();
    stalled.resolve();
  };
  const refused = assert.rejects(spool.remove((await spool.head(whole))?.ids ?? [], [], 9), {
    details: { reason: 'connection-lost' },
  });
  await stalled.promise;
  await proxy.refuse();
  proxy.cut();
  spool.giveUp();
  await refused;
});
