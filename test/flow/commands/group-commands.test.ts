import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { createGroupCommandStore } from '../../../hub/adapters/sqlite/sqlite-group-command-store.ts';
import { openStateDatabase } from '../../../hub/adapters/sqlite/state-database.ts';
import { CommandAudit } from '../../../hub/commands/command-audit.ts';
import type { CommandRequest } from '../../../hub/commands/command-request.ts';
import type { Command } from '../../../hub/commands/command.ts';
import type { GroupCommandRecord } from '../../../hub/commands/group/group-command-journal.ts';
import { isSettled } from '../../../hub/commands/group/group-command.ts';
import { GroupCommands } from '../../../hub/commands/group/group-commands.ts';
import { newCommandCounters } from '../../../hub/commands/command-counters.ts';
import { OpenGroupCommands } from '../../../hub/commands/group/open-group-commands.ts';
import { ManualClock } from '../../helpers/clock.ts';
import { log } from '../../helpers/hubs/dispatcher.ts';
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
