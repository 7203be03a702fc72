import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { CommandJournal, CommandRecord } from '../../../hub/commands/journal.ts';
import { ManualClock } from '../../helpers/clock.ts';
import { FakeSession, startCommandHub } from '../../helpers/hubs/dispatcher.ts';
import { waitFor } from '../../helpers/wait-for.ts';

/** Commands of a device that comes from another hub are read while new ones are accepted: each is sent once. */

/** One of several hubs, whose journal answers when the test says so. */
async function hubOf(t: TestContext) {
  const answer = { accept: Promise.withResolvers<void>(), openOf: Promise.withResolvers<void>() };
  let accepted = 0;
  let read = 0;
  const saved: string[] = [];
  const share = (journal: CommandJournal) => {
    const readOpen = async (): Promise<CommandRecord[]> =>
      (await journal.open()).map((record) => ({ ...record, moves: 0 }));
    return {
      journal: {
        ...journal,
        async accept(...args: Parameters<CommandJournal['accept']>) {
          const acceptance = await journal.accept(...args);
          accepted += 1;
          await answer.accept.promise;
          return acceptance;
        },
        save(...args: Parameters<CommandJournal['save']>) {
          saved.push(`${args[0].id} ${args[0].status}`);
          return journal.save(...args);
        },
      },
      shared: {
        journal: {
          async openOf() {
            const records = await readOpen();
            read += 1;
            await answer.openOf.promise;
            return records;
          },
          accepted: () => Promise.resolve([]),
          states: () => Promise.resolve([]),
        },
        mayAct: () => true,
        passOn: () => undefined,
        passOnCancel: () => undefined,
      },
    };
  };
  const hub = await startCommandHub(new ManualClock(), {}, share);
  t.after(() => hub.close());
  const session = new FakeSession('d-1');
  const sent = (): string[] =>
    session.frames.flatMap((frame) => (frame.type === 'command' ? [frame.id] : []));
  return {
    hub,
    session,
    answer,
    saved,
    sent,
    /** A command is in the journal, and this hub does not know it yet. */
    accepted: () => waitFor(() => accepted > 0, { what: 'a command in the journal' }),
    /** Who repeats a request is answered when everything that has happened to the device's commands is in the journal. */
    settled: () => hub.command('command/d-1/move', { id: 'c-1', params: {} }),
    read: () => waitFor(() => read > 0, { what: 'what the journal has' }),
  };
}

test('a command that is read before the hub knows that it has accepted it is sent once', async (t) => {
  for (const way of ['adopted', 'moved'] as const) {
    const { hub, session, answer, accepted, read, settled, sent, saved } = await hubOf(t);
    if (way === 'adopted') hub.dispatcher.sessionOpened(session);
    const asked = hub.command('command/d-1/move', { id: 'c-1', params: {} });
    await accepted();
    if (way === 'adopted') void hub.dispatcher.moves.adopted(['d-1']);
    else {
      hub.dispatcher.moves.movedHere('d-1', 1);
      hub.dispatcher.sessionOpened(session);
    }
    await read();
    answer.openOf.resolve();
    await new Promise(setImmediate);
    answer.accept.resolve();
    await asked;
    await hub.broker.status('d-1', 'c-1', 'sent');
    await settled();
    hub.dispatcher.result(session, { type: 'result', re: 'c-1', status: 'succeeded' });
    await hub.broker.status('d-1', 'c-1', 'succeeded');
    assert.deepEqual(sent(), ['c-1'], way);
    assert.deepEqual(
      saved.filter((state) => state !== 'c-1 queued'),
      ['c-1 sent', 'c-1 succeeded'],
      way,
    );
  }
});

test('a command that is sent while the journal says how it was before is not sent again', async (t) => {
  const { hub, session, answer, accepted, read, settled, sent, saved } = await hubOf(t);
  hub.dispatcher.sessionOpened(session);
  const asked = hub.command('command/d-1/move', { id: 'c-1', params: {} });
  await accepted();
  const taken = hub.dispatcher.moves.adopted(['d-1']);
  await read();
  answer.accept.resolve();
  await asked;
  await hub.broker.status('d-1', 'c-1', 'sent');
  answer.openOf.resolve();
  await taken;
  await settled();
  hub.dispatcher.result(session, { type: 'result', re: 'c-1', status: 'succeeded' });
  await hub.broker.status('d-1', 'c-1', 'succeeded');
  assert.deepEqual(sent(), ['c-1']);
  assert.deepEqual(saved, ['c-1 sent', 'c-1 succeeded']);
});
