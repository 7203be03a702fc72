import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { ManualClock } from '../../helpers/clock.ts';
import { FakeSession, log, startCommandHub, type CommandHub } from '../../helpers/hubs/dispatcher.ts';
import { waitFor } from '../../helpers/wait-for.ts';

async function hubWith(t: TestContext): Promise<{ hub: CommandHub; clock: ManualClock }> {
  const clock = new ManualClock();
  const hub = await startCommandHub(clock);
  t.after(() => hub.close());
  return { hub, clock };
}

const owed = async (hub: CommandHub): Promise<number> =>
  (await hub.database.read('SELECT 1 FROM command WHERE owed = 1')).length;

/** The answers that the broker has are noted a moment later, together. */
const nothingOwed = (hub: CommandHub, clock: ManualClock): Promise<unknown> =>
  waitFor(
    async () => {
      await clock.advanceAsync(50);
      return (await owed(hub)) === 0;
    },
    { what: 'nothing is owed' },
  );

test('what was sent before a crash is uncertain after it, and settled by the recall', async (t) => {
  const { hub } = await hubWith(t);
  const before = new FakeSession('d-1');
  hub.dispatcher.sessionOpened(before);
  await hub.command('command/d-1/move', { id: 'c-1', params: {} });
  await before.frame('command');
  await hub.crash();
  assert.equal((await hub.broker.status('d-1', 'c-1', 'uncertain')).body['reason'], 'hub-restarted');
  const after = new FakeSession('d-1', { epoch: 2 });
  hub.dispatcher.sessionOpened(after);
  await after.frame('recall');
  hub.dispatcher.received(after, 'c-1');
  hub.dispatcher.result(after, { type: 'result', re: 'c-1', status: 'succeeded' });
  await hub.broker.status('d-1', 'c-1', 'succeeded');
});

test('what waited before a crash is sent after it, in the old order, unless it may not wait', async (t) => {
  const { hub } = await hubWith(t);
  const busy = new FakeSession('d-1');
  hub.dispatcher.sessionOpened(busy);
  await hub.command('command/d-1/queued', { id: 'c-1', params: { percent: 1 } });
  await busy.frame('command');
  hub.dispatcher.result(busy, { type: 'result', re: 'c-1', status: 'succeeded' });
  await hub.broker.status('d-1', 'c-1', 'succeeded');
  hub.dispatcher.sessionClosed(busy);
  for (const id of ['c-9', 'c-2', 'c-5'])
    await hub.command('command/d-1/queued', { id, params: { percent: 1 } });
  await hub.crash();
  const session = new FakeSession('d-1', { epoch: 2 });
  hub.dispatcher.sessionOpened(session);
  for (const id of ['c-9', 'c-2', 'c-5']) {
    await session.frame('command', (frame) => frame.id === id);
    hub.dispatcher.result(session, { type: 'result', re: id, status: 'succeeded' });
  }
  await hub.broker.status('d-1', 'c-5', 'succeeded');
  const sent = session.frames.flatMap((frame) => (frame.type === 'command' ? [frame.id] : []));
  assert.deepEqual(sent, ['c-9', 'c-2', 'c-5']);
});

test('a final answer is owed until the broker has it, over a crash, with its Correlation Data', async (t) => {
  const { hub, clock } = await hubWith(t);
  const session = new FakeSession('d-1');
  hub.dispatcher.sessionOpened(session);
  const correlationData = Buffer.from([7, 7]);
  await hub.command('command/d-1/look', { id: 'c-1' }, { responseTopic: 'answers/me', correlationData });
  await session.frame('command');
  hub.broker.mode = 'is-away';
  hub.dispatcher.result(session, { type: 'result', re: 'c-1', status: 'succeeded' });
  await session.frame('ack');
  assert.equal(await owed(hub), 1);
  hub.broker.mode = 'takes';
  await hub.crash();
  const { message, body } = await hub.broker.next('answers/me');
  assert.equal(body['status'], 'succeeded');
  assert.deepEqual(Buffer.from(message.correlationData ?? []), correlationData);
  await nothingOwed(hub, clock);
  hub.broker.published.length = 0;
  await hub.restart();
  assert.deepEqual(hub.broker.published, []);
});

test('a hub that stops notes which answers the broker has: they are not published again', async (t) => {
  const { hub } = await hubWith(t);
  await hub.command('command/d-1/look', { id: 'c-1' });
  await hub.broker.status('d-1', 'c-1', 'rejected');
  assert.equal(await owed(hub), 1);
  await hub.restart();
  assert.equal(await owed(hub), 0);
});

test('owed answers go out when the broker is back, without a restart', async (t) => {
  const { hub, clock } = await hubWith(t);
  hub.broker.mode = 'is-away';
  for (let at = 0; at < 250; at++)
    await hub.command('command/d-1/look', { id: `c-${at}` }, { responseTopic: 'answers/me' });
  assert.equal(await owed(hub), 250);
  hub.broker.mode = 'takes';
  hub.dispatcher.busConnected();
  await nothingOwed(hub, clock);
  const answered = new Set(
    hub.broker.published.filter(({ topic }) => topic === 'answers/me').map(({ body }) => body['id']),
  );
  assert.equal(answered.size, 250);
  await clock.advanceAsync(60_000);
  assert.equal(hub.broker.published.filter(({ topic }) => topic === 'answers/me').length, 250);
});

test('an answer the broker refuses for good is counted and owed no longer', async (t) => {
  const { hub, clock } = await hubWith(t);
  hub.broker.mode = 'refuses-answers';
  await hub.command('command/d-1/look', { id: 'c-1' }, { responseTopic: 'not/yours' });
  await hub.broker.status('d-1', 'c-1', 'rejected');
  await nothingOwed(hub, clock);
  assert.equal(hub.dispatcher.counters.answersRefused, 1);
});

test('a journal that cannot be written refuses new commands, and holds back what it does not have', async (t) => {
  const { hub, clock } = await hubWith(t);
  const lines = t.mock.method(log, 'error').mock;
  const session = new FakeSession('d-1');
  hub.dispatcher.sessionOpened(session);
  await hub.command('command/d-1/look', { id: 'c-1' });
  await session.frame('command');
  await hub.database.transaction([
    { sql: "CREATE TRIGGER full_u BEFORE UPDATE ON command BEGIN SELECT RAISE(ABORT, 'disk full'); END" },
    { sql: "CREATE TRIGGER full_i BEFORE INSERT ON command BEGIN SELECT RAISE(ABORT, 'disk full'); END" },
  ]);
  await hub.command('command/d-1/look', { id: 'c-2' });
  assert.equal((await hub.broker.status('d-1', 'c-2', 'rejected')).body['reason'], 'unavailable');
  hub.dispatcher.result(session, { type: 'result', re: 'c-1', status: 'succeeded' });
  const { counters } = hub.dispatcher;
  for (let faults = 0; faults < 4; faults = counters.journalFaults) {
    await clock.advanceAsync(5_000);
    await waitFor(() => counters.journalFaults > faults, { what: 'a journal fault' });
  }
  const told = lines.calls.filter(({ arguments: [, text] }) => text === 'the journal cannot be written');
  assert.equal(told.length, 1, 'one line a minute, however often it is tried');
  assert.equal(session.frames.filter(({ type }) => type === 'ack').length, 0);
  assert.deepEqual(hub.broker.statuses('d-1', 'c-1'), ['accepted', 'sent']);
  await hub.database.transaction([{ sql: 'DROP TRIGGER full_u' }, { sql: 'DROP TRIGGER full_i' }]);
  await clock.advanceAsync(10_000);
  await session.frame('ack');
  await hub.broker.status('d-1', 'c-1', 'succeeded');
});

test('ended commands are kept for a week and then forgotten, those whose answer is owed later', async (t) => {
  const { hub, clock } = await hubWith(t);
  await hub.command('command/d-1/look', { id: 'c-1' }, { session: 's', packetId: 1 });
  await hub.broker.status('d-1', 'c-1', 'rejected');
  await nothingOwed(hub, clock);
  hub.broker.mode = 'is-away';
  await hub.command('command/d-1/look', { id: 'c-2' });
  const count = async (table: string): Promise<number> =>
    (await hub.database.read(`SELECT 1 FROM ${table}`)).length;
  await clock.advanceAsync(2 * 3_600_000);
  await waitFor(async () => (await count('command_delivery')) === 0, { what: 'the delivery is forgotten' });
  assert.equal(await count('command'), 2);
  clock.setNow(clock.now() + 7 * 24 * 3_600_000);
  await clock.advanceAsync(60_000);
  await waitFor(async () => (await count('command')) === 1, { what: 'one command is forgotten' });
  assert.notEqual(await hub.dispatcher.find('d-1', 'c-2'), undefined);
});
