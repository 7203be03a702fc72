import assert from 'node:assert/strict';
import type { Command } from '../../hub/commands/command.ts';
import type { CommandRecord } from '../../hub/commands/journal.ts';
import { entryMs, contract } from '../helpers/stores/store-kinds.ts';
import { storedDevice } from '../helpers/stores/stored-device.ts';

function command(device: string, id: string, overrides: Partial<Command> = {}): Command {
  return {
    device,
    id,
    name: 'look',
    params: { text: `"ß" \u2028 \u0000 ${'x'.repeat(10)}`, ['__proto__']: 1.5 },
    safety: 'observe',
    offline: 'queue',
    acceptedMs: 1_700_000_000_000.5,
    deadlineMs: 1_700_000_060_000.5,
    status: 'accepted',
    changedMs: 1_700_000_000_000.5,
    cancelRequested: false,
    requester: { actor: 'operator:anna', origin: 'http' },
    ...overrides,
  };
}

const added = { kind: 'added' };
const ids = (records: readonly { command: Command }[]) => records.map(({ command: { id } }) => id);

contract(
  'a command comes back after a restart as it was accepted, with where its answer goes',
  async (state) => {
    const { commands, devices } = state.stores;
    await devices.add([storedDevice('a')]);
    const records: CommandRecord[] = [
      { command: command('a', 'c-1') },
      { command: command('a', 'c-2'), answerTo: { topic: 'answers/ß', correlation: undefined } },
      {
        command: command('a', 'c-3'),
        answerTo: { topic: 't', correlation: new Uint8Array([0, 255, 10, 0]) },
      },
    ];
    for (const record of records) assert.deepEqual(await commands.accept(record, false), added);
    await state.restart();
    const open = await state.stores.commands.open();
    assert.deepEqual(
      JSON.stringify(open.map((each) => each.command)),
      JSON.stringify(records.map((each) => each.command)),
    );
    assert.deepEqual(open[2]?.answerTo?.topic, 't');
    assert.deepEqual([...(open[2]?.answerTo?.correlation ?? [])], [0, 255, 10, 0]);
    const found = await state.stores.commands.find('a', 'c-2');
    assert.deepEqual(found?.answerTo, records[1]?.answerTo);
    assert.equal(await state.stores.commands.find('a', 'c-9'), undefined);
  },
);

contract('a second command of one id is known, and changes nothing', async ({ stores }) => {
  const { commands, devices } = stores;
  await devices.add([storedDevice('a'), storedDevice('b')]);
  assert.deepEqual(await commands.accept({ command: command('a', 'c-1') }, false), added);
  const again = { command: command('a', 'c-1', { name: 'other' }) };
  assert.deepEqual(await commands.accept(again, false), { kind: 'known' });
  assert.equal((await commands.find('a', 'c-1'))?.command.name, 'look');
  assert.deepEqual(
    await commands.accept({ command: command('b', 'c-1') }, false),
    added,
    'of another device',
  );
});

contract('of many that send one id at the same time, one is added', async ({ stores }) => {
  const { commands, devices } = stores;
  await devices.add([storedDevice('a')]);
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => commands.accept({ command: command('a', 'c-1') }, false)),
  );
  assert.equal(answers.filter(({ kind }) => kind === 'added').length, 1);
  assert.equal((await commands.open()).length, 1);
});

contract(
  'open commands come back oldest first, also when they were accepted together',
  async ({ stores }) => {
    const { commands, devices } = stores;
    await devices.add([storedDevice('a')]);
    const sent = Array.from({ length: 50 }, (_, n) => `c-${n}`);
    await Promise.all(sent.map((id) => commands.accept({ command: command('a', id) }, false)));
    assert.deepEqual(ids(await commands.open()), sent, 'in the order of the calls');
  },
);

contract(
  'the states of a command take effect in the order of the calls, and a final one stays',
  async (state) => {
    const { commands, devices } = state.stores;
    await devices.add([storedDevice('a')]);
    const first = command('a', 'c-1');
    await commands.accept({ command: first }, false);
    const steps = [
      commands.save({ ...first, status: 'queued' }, false),
      commands.save({ ...first, status: 'sent' }, false),
      commands.save({ ...first, status: 'expired', changedMs: 9.5 }, true),
      commands.save({ ...first, status: 'succeeded' }, true),
    ];
    assert.deepEqual(
      await Promise.all(steps),
      [true, true, true, false],
      'what is final is not ours to change',
    );
    assert.equal(await commands.save(command('a', 'c-9'), false), false, 'nor what is not there');
    await state.restart();
    assert.equal((await state.stores.commands.find('a', 'c-1'))?.command.status, 'expired');
    assert.deepEqual(await state.stores.commands.open(), []);
  },
);

contract('each state is in the audit once, and one that was not written is not', async (state) => {
  const { commands, devices } = state.stores;
  await devices.add([storedDevice('a')]);
  const first = command('a', 'c-1');
  await commands.accept({ command: first }, false);
  await commands.accept({ command: first }, false);
  await commands.save({ ...first, status: 'sent' }, false);
  // The answer to the first attempt was lost.
  assert.equal(await commands.save({ ...first, status: 'sent' }, false), true);
  await commands.save({ ...first, status: 'succeeded' }, true);
  assert.equal(await commands.save({ ...first, status: 'succeeded' }, true), true);
  await commands.save({ ...first, status: 'failed' }, true);
  const entries = await state.first.audit.list({ limit: 10 });
  assert.deepEqual(
    entries.map(({ timeMs, actor, origin, action, subject, outcome }) => [
      timeMs,
      actor,
      origin,
      action,
      subject,
      outcome,
    ]),
    [
      [entryMs, 'operator:anna', 'http', 'command.send', 'a/c-1', 'accepted'],
      [entryMs, 'hub', 'hub', 'command.status', 'a/c-1', 'sent'],
      [entryMs, 'hub', 'hub', 'command.status', 'a/c-1', 'succeeded'],
    ],
  );
});

contract('final answers are owed until the broker has them, page by page', async (state) => {
  const { commands, devices } = state.stores;
  await devices.add([storedDevice('a')]);
  for (const id of ['c-1', 'c-2', 'c-3']) {
    await commands.accept({ command: command('a', id, { status: 'rejected' }) }, true);
  }
  await commands.accept({ command: command('a', 'open') }, false);
  const page = await commands.unanswered({ limit: 2 });
  assert.deepEqual(ids(page.records), ['c-1', 'c-2']);
  const rest = await commands.unanswered({ limit: 2, after: page.last });
  assert.deepEqual(ids(rest.records), ['c-3']);
  await commands.answered([
    { device: 'a', id: 'c-1' },
    { device: 'a', id: 'c-3' },
    { device: 'a', id: 'none' },
  ]);
  await commands.answered([]);
  await state.restart();
  assert.deepEqual(ids((await state.stores.commands.unanswered({ limit: 9 })).records), ['c-2']);
});

contract('a delivery is known until it expires, and a packet id may be used again', async ({ stores }) => {
  const { commands, devices } = stores;
  await devices.add([storedDevice('a')]);
  const key = 'session/7/topic "ß"';
  assert.equal(await commands.wasDelivered(key), false);
  await commands.accept({ command: command('a', 'c-1') }, false, { key, expiresMs: 5.5 });
  await commands.accept({ command: command('a', 'c-2') }, false, { key, expiresMs: 50 });
  assert.equal(await commands.wasDelivered(key), true);
  await commands.prune(0, 49);
  assert.equal(await commands.wasDelivered(key), true, 'the newest counts');
  await commands.prune(0, 51);
  assert.equal(await commands.wasDelivered(key), false);
});

contract('what ended long ago and is answered is forgotten, and nothing else', async ({ stores }) => {
  const { commands, devices } = stores;
  await devices.add([storedDevice('a')]);
  const ended = (id: string, changedMs: number) => command('a', id, { status: 'expired', changedMs });
  await commands.accept({ command: ended('old', 1) }, true);
  await commands.accept({ command: ended('owed', 1) }, true);
  await commands.accept({ command: ended('new', 100) }, true);
  await commands.accept({ command: command('a', 'open', { changedMs: 1 }) }, false);
  await commands.answered([
    { device: 'a', id: 'old' },
    { device: 'a', id: 'new' },
  ]);
  await commands.prune(50, 0);
  const left = (await commands.list({ limit: 9 })).commands.map(({ id }) => id);
  assert.deepEqual(left, ['open', 'new', 'owed']);
});

contract('commands are listed newest first, by what is asked of them', async ({ stores }) => {
  const { commands, devices } = stores;
  await devices.add([storedDevice('a'), storedDevice('b')]);
  await commands.accept({ command: command('a', 'c-1', { acceptedMs: 10 }) }, false);
  await commands.accept({ command: command('b', 'c-2', { acceptedMs: 20, name: 'move' }) }, false);
  await commands.accept({ command: command('a', 'c-3', { acceptedMs: 30, status: 'expired' }) }, true);
  const listed = async (query: Partial<Parameters<typeof commands.list>[0]>) =>
    (await commands.list({ limit: 10, ...query })).commands.map(({ id }) => id).join(' ');
  assert.equal(await listed({}), 'c-3 c-2 c-1');
  assert.equal(await listed({ device: 'a' }), 'c-3 c-1');
  assert.equal(await listed({ name: 'move' }), 'c-2');
  assert.equal(await listed({ id: 'c-1' }), 'c-1');
  assert.equal(await listed({ status: 'expired' }), 'c-3');
  assert.equal(await listed({ open: true }), 'c-2 c-1');
  assert.equal(await listed({ open: false }), 'c-3');
  assert.equal(await listed({ fromMs: 20 }), 'c-3 c-2');
  assert.equal(await listed({ toMs: 30 }), 'c-2 c-1');
  const { commands: page, last } = await commands.list({ limit: 2 });
  assert.equal(page.length, 2);
  assert.ok(last);
  assert.equal(await listed({ before: last }), 'c-1');
  assert.equal((await commands.list({ limit: 9 })).last, undefined, 'after the last page there is none');
});
