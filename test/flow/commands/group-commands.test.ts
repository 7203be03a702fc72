import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { createGroupCommandStore } from '../../../hub/adapters/sqlite/sqlite-group-command-store.ts';
import { openStateDatabase } from '../../../hub/adapters/sqlite/state-database.ts';
import { CommandAudit } from '../../../hub/commands/command-audit.ts';
import type { CommandRequest } from '../../../hub/commands/command-request.ts';
import type { Command } from '../../../hub/commands/command.ts';
import type {
  GroupCommandJournal,
  GroupCommandRecord,
} from '../../../hub/commands/group/group-command-journal.ts';
import { isSettled } from '../../../hub/commands/group/group-command.ts';
import { GroupCommands } from '../../../hub/commands/group/group-commands.ts';
import { newCommandCounters } from '../../../hub/commands/command-counters.ts';
import { OpenGroupCommands } from '../../../hub/commands/group/open-group-commands.ts';
import { ManualClock } from '../../helpers/clock.ts';
import { log } from '../../helpers/hubs/dispatcher.ts';
import { storedGroupCommand } from '../../helpers/stores/stored-records.ts';
import { temporaryFolder } from '../../helpers/services/guard.ts';
import { waitFor } from '../../helpers/wait-for.ts';

test('a group command goes on after a restart with the devices it had fixed, and sends none twice', async (t) => {
  const folder = temporaryFolder('group-commands');
  const state = await openStateDatabase(join(folder.path, 'state.db'));
  t.after(async () => {
    await state.close();
    folder.remove();
  });
  const clock = new ManualClock();
  const sent = new Map<string, Command>();
  let fleet = ['d-1', 'd-2', 'd-3', 'd-4'];
  const seen: GroupCommandRecord[] = [];
  const start = async () => {
    const open = new OpenGroupCommands();
    const groupCommands = new GroupCommands({
      clock,
      log,
      random: () => 0.5,
      journal: createGroupCommandStore(state, isSettled),
      select: () => Promise.resolve(fleet),
      open,
      followers: [{ groupCommandChanged: (record) => void seen.push(record) }],
      audit: new CommandAudit(
        { record: () => Promise.resolve(), noted: () => undefined },
        newCommandCounters(),
      ),
      dispatcher: {
        check: () => undefined,
        connected: () => true,
        cancel: (device) => Promise.resolve(sent.get(device)),
        find: (device) => {
          const command = sent.get(device);
          return Promise.resolve(command === undefined ? undefined : { command });
        },
        submit: ({ device, name, params, id = '' }: CommandRequest) => {
          assert.ok(!sent.has(device), `${device} is sent one command`);
          const command: Command = {
            device,
            name,
            params,
            id,
            safety: 'observe',
            offline: 'reject',
            acceptedMs: 0,
            deadlineMs: 1,
            status: 'accepted',
            changedMs: 0,
            cancelRequested: false,
          };
          sent.set(device, command);
          return Promise.resolve({ kind: 'accepted', command });
        },
      },
    });
    await groupCommands.start();
    return { groupCommands, open };
  };
  const first = await start();
  const request = { to: 'all', name: 'look', id: 'g-1', params: {}, pace: { wave: 2 } };
  const context = { requester: { actor: 'local', origin: 'http' } } as const;
  assert.equal((await first.groupCommands.send(request, context)).kind, 'accepted');
  assert.equal((await first.groupCommands.send(request, context)).kind, 'repeated');
  assert.equal((await first.groupCommands.send({ ...request, name: 'move' }, context)).kind, 'refused');
  await waitFor(() => (sent.size === 2 ? true : undefined), { what: 'the first wave' });
  first.groupCommands.close();

  fleet = ['d-9'];
  for (const [device, command] of sent) sent.set(device, { ...command, status: 'succeeded' });
  const second = await start();
  await waitFor(() => (sent.size === 4 ? true : undefined), { what: 'the second wave' });
  for (const device of ['d-3', 'd-4']) {
    const command = sent.get(device);
    assert.ok(command);
    second.open.commandChanged({ ...command, status: 'succeeded' });
  }
  const last = await waitFor(() => seen.find(({ groupCommand }) => groupCommand.status === 'finished'), {
    what: 'its end',
  });
  assert.deepEqual(
    last.targets.map(({ device, status }) => [device, status]),
    ['d-1', 'd-2', 'd-3', 'd-4'].map((device) => [device, 'succeeded']),
  );
  second.groupCommands.close();
});

test('a group command that ends while the journal is read for what other hubs have left is not begun again', async (t) => {
  const clock = new ManualClock();
  const targets = [{ device: 'd-1', status: 'succeeded' as const }];
  const reading = Promise.withResolvers<void>();
  const ends: string[] = [];
  let reads = 0;
  const journal = {
    prune: () => Promise.resolve(),
    find: () => Promise.resolve(undefined),
    accept: () => Promise.resolve(true),
    saveTargets: () => Promise.resolve(),
    save: ({ id }: { id: string }) => Promise.resolve(ends.push(id) > 0),
    async open() {
      reads += 1;
      if (reads === 1) return [];
      const stale = { groupCommand: storedGroupCommand('g-1'), targets };
      await reading.promise;
      return [stale];
    },
  } as unknown as GroupCommandJournal;
  const groupCommands = new GroupCommands({
    clock,
    log,
    random: () => 0.5,
    journal,
    several: true,
    select: () => Promise.resolve(['d-1']),
    open: new OpenGroupCommands(),
    followers: [],
    audit: new CommandAudit(
      { record: () => Promise.resolve(), noted: () => undefined },
      newCommandCounters(),
    ),
    dispatcher: {
      check: () => undefined,
      connected: () => true,
      cancel: () => Promise.resolve(undefined),
      find: () => Promise.resolve(undefined),
      submit: () => Promise.resolve({ kind: 'refused', refusal: { reason: 'forbidden' } }),
    },
  });
  t.after(() => groupCommands.close());
  await groupCommands.start();
  clock.advance(10_000);
  const sent = groupCommands.send(
    { id: 'g-1', to: 'all', name: 'identify', params: {}, pace: {} },
    { requester: { actor: 'operator:anna', origin: 'http' } },
  );
  await sent;
  await clock.advanceAsync(1_000);
  assert.deepEqual([reads, ends], [2, ['g-1']], 'it ends while the journal is read');
  reading.resolve();
  await clock.advanceAsync(5_000);
  assert.deepEqual(ends, ['g-1']);
});
