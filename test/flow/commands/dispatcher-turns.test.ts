import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { ManualClock } from '../../helpers/clock.ts';
import { FakeSession, startCommandHub, type CommandHub } from '../../helpers/hubs/dispatcher.ts';

async function hubWithSession(
  t: TestContext,
): Promise<{ hub: CommandHub; clock: ManualClock; session: FakeSession }> {
  const clock = new ManualClock();
  const hub = await startCommandHub(clock);
  t.after(() => hub.close());
  const session = new FakeSession('d-1');
  hub.dispatcher.sessionOpened(session);
  return { hub, clock, session };
}

function sentTo(session: FakeSession): string[] {
  return session.frames.flatMap((frame) => (frame.type === 'command' ? [frame.id] : []));
}

/** Ends a command, and waits until that is in the journal. */
async function end(hub: CommandHub, session: FakeSession, id: string): Promise<void> {
  hub.dispatcher.result(session, { type: 'result', re: id, status: 'succeeded' });
  await session.frame('ack', (frame) => 're' in frame && frame.re === id);
}

test('a device is given one command at a time, unless its definition allows more beside it', async (t) => {
  const { hub, session } = await hubWithSession(t);
  for (const id of ['b-1', 'b-2', 'b-3', 'b-4']) await hub.command('command/d-1/blink', { id });
  await hub.command('command/d-1/look', { id: 'l-1' });
  await hub.command('command/d-1/blink', { id: 'b-5' });
  await session.frame('command', ({ id }) => id === 'b-3');
  assert.deepEqual(sentTo(session), ['b-1', 'b-2', 'b-3'], 'three at a time');
  await end(hub, session, 'b-2');
  await session.frame('command', ({ id }) => id === 'b-4');
  for (const id of ['b-1', 'b-3']) await end(hub, session, id);
  assert.deepEqual(
    sentTo(session),
    ['b-1', 'b-2', 'b-3', 'b-4'],
    'what is done alone waits, and is not overtaken',
  );
  await end(hub, session, 'b-4');
  await session.frame('command', ({ id }) => id === 'l-1');
  assert.equal(sentTo(session).at(-1), 'l-1', 'nothing is begun beside it');
  await end(hub, session, 'l-1');
  await session.frame('command', ({ id }) => id === 'b-5');
});

test('the strictest of the commands under way says how many there may be', async (t) => {
  const { hub, session } = await hubWithSession(t);
  for (const [name, id] of [
    ['peek', 'p-1'],
    ['blink', 'b-1'],
    ['blink', 'b-2'],
  ]) {
    await hub.command(`command/d-1/${name}`, { id });
  }
  await session.frame('command', ({ id }) => id === 'b-1');
  assert.deepEqual(sentTo(session), ['p-1', 'b-1'], 'two beside each other, since p-1 allows no more');
  await end(hub, session, 'p-1');
  await session.frame('command', ({ id }) => id === 'b-2');
});

test('what waits at a takeover goes to the new session, and what was sent is asked for there', async (t) => {
  const { hub, session } = await hubWithSession(t);
  await hub.command('command/d-1/look', { id: 'c-1' });
  await session.frame('command');
  await hub.command('command/d-1/look', { id: 'c-2' });
  hub.dispatcher.sessionReplaced(session);
  await hub.command('command/d-1/look', { id: 'c-3' });
  const newer = new FakeSession('d-1', { epoch: 2 });
  hub.dispatcher.sessionOpened(newer);
  assert.deepEqual((await newer.frame('recall')).ids, ['c-1']);
  hub.dispatcher.received(session, 'c-1');
  await end(hub, newer, 'c-1');
  await newer.frame('command', ({ id }) => id === 'c-2');
  await end(hub, newer, 'c-2');
  await newer.frame('command', ({ id }) => id === 'c-3');
  assert.deepEqual(hub.broker.statuses('d-1', 'c-2'), ['accepted', 'queued', 'sent', 'succeeded']);
});

test('what waits at a takeover that fails ends as it does when a device goes', async (t) => {
  const { hub, session } = await hubWithSession(t);
  await hub.command('command/d-1/look', { id: 'c-1' });
  await session.frame('command');
  await hub.command('command/d-1/look', { id: 'c-2' });
  hub.dispatcher.sessionReplaced(session);
  hub.dispatcher.takeoverFailed('d-1');
  const { body } = await hub.broker.status('d-1', 'c-2', 'rejected');
  assert.equal(body['reason'], 'offline');
  assert.equal(hub.dispatcher.connected('d-1'), false);
});

test('each word of progress carries its own time', async (t) => {
  const { hub, clock, session } = await hubWithSession(t);
  await hub.command('command/d-1/look', { id: 'c-1' });
  await session.frame('command');
  const times: unknown[] = [];
  for (const percent of [10, 20, 30]) {
    await clock.advanceAsync(1_000);
    hub.broker.published.length = 0;
    hub.dispatcher.progress(session, { type: 'progress', re: 'c-1', percent });
    times.push((await hub.broker.status('d-1', 'c-1', 'running')).body['ts']);
  }
  const now = clock.now();
  assert.deepEqual(times, [now - 2_000, now - 1_000, now]);
});
