import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Command } from '../../../hub/commands/command.ts';
import type { GroupCommand, Target } from '../../../hub/commands/group/group-command.ts';
import type {
  ChangedTarget,
  GroupCommandJournal,
} from '../../../hub/commands/group/group-command-journal.ts';
import {
  OpenGroupCommands,
  type OpenGroupCommand,
  type OpenGroupCommandDeps,
} from '../../../hub/commands/group/open-group-commands.ts';
import { ManualClock } from '../../helpers/clock.ts';
import { turn } from '../../helpers/hubs/session-fixture.ts';
import { silentLog } from '../../helpers/silent-log.ts';
import { storedGroupCommand } from '../../helpers/stores/stored-records.ts';

const command = (device: string, status: Command['status']): Command =>
  ({ device, id: 'g-1', status }) as Command;
const textOf = (targets: readonly ChangedTarget[]): string[] =>
  targets.map(({ target }) => `${target.device} ${target.status}`);

/** A group command over a journal that notes each write, and what is told. */
function openWith(
  given: { overrides?: Partial<GroupCommand>; targets: Target[] },
  {
    dispatcher,
    journal,
  }: {
    dispatcher?: Partial<OpenGroupCommandDeps['dispatcher']>;
    journal?: Partial<GroupCommandJournal>;
  } = {},
): { open: OpenGroupCommand; steps: string[] } {
  const steps: string[] = [];
  const unused = (): never => assert.fail('nothing is asked of it');
  const noted: Partial<GroupCommandJournal> = {
    save: ({ status }, targets = []) =>
      Promise.resolve(steps.push([status, ...textOf(targets)].join(', ')) > 0),
    saveTargets: (_id, targets) => Promise.resolve(void steps.push(textOf(targets).join(', '))),
  };
  const groupCommand = storedGroupCommand('g-1', { wave: 10, acceptedMs: 1_000, ...given.overrides });
  const open = new OpenGroupCommands().add(
    { groupCommand, targets: given.targets },
    {
      clock: new ManualClock(),
      log: silentLog,
      journal: { ...noted, ...journal } as GroupCommandJournal,
      dispatcher: { submit: unused, find: unused, cancel: unused, connected: () => true, ...dispatcher },
      followers: [{ groupCommandChanged: ({ groupCommand: { status } }) => steps.push(`told ${status}`) }],
    },
  );
  return { open, steps };
}

test('the end of a group command is in the journal with what its devices have done: another hub may report it from there', async () => {
  const saving = Promise.withResolvers<void>();
  const targets = ['d-1', 'd-2'].map((device) => ({ device, status: 'sent' as const }));
  const { open, steps } = openWith(
    { targets, overrides: { maxFailures: 2 } },
    {
      journal: {
        async saveTargets(_id, changed) {
          await saving.promise;
          steps.push(...textOf(changed));
        },
      },
    },
  );
  open.observe(command('d-1', 'succeeded'));
  // While that is being written.
  open.observe(command('d-2', 'succeeded'));
  saving.resolve();
  await turn();
  assert.deepEqual(steps, ['d-1 succeeded', 'finished, d-2 succeeded', 'told finished']);
});

test('a group command that stops is written once, with the devices that it skips: a hub killed afterwards leaves none waiting', async () => {
  const targets: Target[] = [
    { device: 'd-1', status: 'sent' },
    { device: 'd-2', status: 'waiting' },
  ];
  const { open, steps } = openWith({ targets, overrides: { wave: 1 } });
  open.observe(command('d-1', 'failed'));
  await turn();
  assert.deepEqual(steps, ['d-1 failed', 'stopped, d-2 skipped', 'told stopped']);
});

test('an end that is not written leaves its devices waiting, and is tried again', async () => {
  const targets: Target[] = [
    { device: 'd-1', status: 'failed' },
    { device: 'd-2', status: 'waiting' },
  ];
  let fails = true;
  const { open, steps } = openWith(
    { targets, overrides: { wave: 1 } },
    {
      journal: {
        async save({ status }, changed = []) {
          if (fails) throw new Error('the database is away');
          steps.push([status, ...textOf(changed)].join(', '));
          return true;
        },
      },
    },
  );
  open.advance();
  await turn();
  assert.deepEqual([open.groupCommand.status, open.targets[1]?.status], ['running', 'waiting']);
  fails = false;
  open.advance();
  await turn();
  assert.deepEqual(steps, ['stopped, d-2 skipped', 'told stopped']);
});

test('what a killed hub had ended and not withdrawn is withdrawn by the hub that takes it up, and told by nobody twice', async () => {
  const cancelled: string[] = [];
  const targets: Target[] = [
    { device: 'd-1', status: 'failed' },
    { device: 'd-2', status: 'waiting' },
    { device: 'd-3', status: 'waiting' },
  ];
  const { open, steps } = openWith(
    { targets, overrides: { status: 'stopped', endedMs: 2_000 } },
    {
      dispatcher: {
        find: (device) =>
          Promise.resolve(
            device === 'd-2' ? { command: command('d-2', 'queued'), answerTo: undefined } : undefined,
          ),
        cancel(device) {
          cancelled.push(device);
          open.observe(command(device, 'cancelled'));
          return Promise.resolve(undefined);
        },
      },
    },
  );
  await open.restore();
  open.tick();
  await turn();
  assert.deepEqual(cancelled, ['d-2']);
  assert.deepEqual(steps.join(', '), 'd-3 skipped, d-2 cancelled');
});

test('a group command that is cancelled while a wave is submitted skips nobody whose command is on its way, and ends once', async () => {
  const submitted = Promise.withResolvers<void>();
  const asked: string[] = [];
  const targets: Target[] = ['d-1', 'd-2'].map((device) => ({ device, status: 'waiting' }));
  const { open, steps } = openWith(
    { targets, overrides: { wave: 1 } },
    {
      dispatcher: {
        async submit({ device }) {
          asked.push(device);
          await submitted.promise;
          return { kind: 'accepted', command: command(device, 'sent') };
        },
      },
    },
  );
  open.advance();
  await turn();
  const ends = [open.end('cancelled', 'on-request'), open.end('stopped')];
  await turn();
  assert.deepEqual([asked, steps], [['d-1'], []]);
  submitted.resolve();
  await Promise.all(ends);
  await turn();
  assert.deepEqual([asked, steps], [['d-1'], ['cancelled, d-2 skipped', 'told cancelled']]);
});
