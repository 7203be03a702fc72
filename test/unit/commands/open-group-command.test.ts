import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Command } from '../../../hub/commands/command.ts';
import type { GroupCommandJournal } from '../../../hub/commands/group/group-command-journal.ts';
import { OpenGroupCommands } from '../../../hub/commands/group/open-group-commands.ts';
import { ManualClock } from '../../helpers/clock.ts';
import { turn } from '../../helpers/hubs/session-fixture.ts';
import { silentLog } from '../../helpers/silent-log.ts';
import { storedGroupCommand } from '../../helpers/stores/stored-records.ts';

test('the end of a group command is in the journal after what its devices have done: another hub may report it from there', async () => {
  const steps: string[] = [];
  const saving = Promise.withResolvers<void>();
  const journal: Pick<GroupCommandJournal, 'save' | 'saveTargets'> = {
    save: ({ status }) => Promise.resolve(steps.push(status) > 0),
    async saveTargets(_id, targets) {
      await saving.promise;
      steps.push(...targets.map(({ target }) => `${target.device} ${target.status}`));
    },
  };
  const unused = (): never => assert.fail('no target is waiting');
  const groupCommand = storedGroupCommand('g-1', { wave: 10, maxFailures: 2, acceptedMs: 1_000 });
  const targets = ['d-1', 'd-2'].map((device) => ({ device, status: 'sent' as const }));
  const open = new OpenGroupCommands().add(
    { groupCommand, targets },
    {
      clock: new ManualClock(),
      log: silentLog,
      journal: journal as GroupCommandJournal,
      dispatcher: { submit: unused, find: unused, cancel: unused, connected: () => true },
      followers: [{ groupCommandChanged: ({ groupCommand: { status } }) => steps.push(`told ${status}`) }],
    },
  );
  const succeeded = (device: string): Command => ({ device, id: 'g-1', status: 'succeeded' }) as Command;
  open.observe(succeeded('d-1'));
  // While that is being written.
  open.observe(succeeded('d-2'));
  saving.resolve();
  await turn();
  assert.deepEqual(steps, ['d-1 succeeded', 'd-2 succeeded', 'finished', 'told finished']);
});
