import assert from 'node:assert/strict';
import type { GroupCommand, Target } from '../../hub/commands/group/group-command.ts';
import type { GroupCommandRecord } from '../../hub/commands/group/group-command-journal.ts';
import { contract } from '../helpers/stores/store-kinds.ts';

function record(id: string, overrides: Partial<GroupCommand> = {}): GroupCommandRecord {
  const groupCommand: GroupCommand = {
    id,
    to: 'site="Süd"',
    name: 'look',
    params: { a: [1, '\u0000'] },
    wave: 2,
    maxFailures: 1,
    jitterMs: 0.5,
    acceptedMs: 1_700_000_000_000.5,
    requester: { actor: 'operator:anna', origin: 'http' },
    status: 'running',
    ...overrides,
  };
  const targets: Target[] = ['d-2', 'd-1', 'd-3'].map((device) => ({
    device,
    status: 'waiting',
    reason: undefined,
  }));
  return { groupCommand, targets };
}

const target = (device: string, status: Target['status'], reason?: string): Target => ({
  device,
  status,
  reason,
});

contract('a group command comes back after a restart with its targets in their order', async (state) => {
  const { groupCommands } = state.stores;
  const first = record('g-1', { answerTo: { topic: 't', correlation: new Uint8Array([0, 1, 255]) } });
  assert.equal(await groupCommands.accept(first, { key: 'k', expiresMs: 9 }), true);
  assert.equal(await groupCommands.accept(record('g-1', { name: 'other' })), false, 'the id is taken');
  assert.equal(await state.stores.commands.wasDelivered('k'), true);
  await groupCommands.saveTargets('g-1', [
    { index: 0, target: target('d-2', 'failed', 'broken "ß"') },
    { index: 2, target: target('d-3', 'accepted') },
  ]);
  await groupCommands.saveTargets('g-1', []);
  await state.restart();
  const [open] = await state.stores.groupCommands.open();
  assert.deepEqual([...(open?.groupCommand.answerTo?.correlation ?? [])], [0, 1, 255]);
  assert.equal(open?.groupCommand.name, 'look');
  assert.deepEqual(open.targets, [
    target('d-2', 'failed', 'broken "ß"'),
    target('d-1', 'waiting'),
    target('d-3', 'accepted'),
  ]);
});

contract(
  'a group command is open until every target is settled, owed until it is answered, then forgotten',
  async (state) => {
    const { groupCommands } = state.stores;
    const { groupCommand, targets } = record('g-1');
    await groupCommands.accept({ groupCommand, targets });
    await groupCommands.accept(record('g-2'));
    assert.deepEqual(await groupCommands.unanswered(), []);
    await groupCommands.save({ ...groupCommand, status: 'finished', endedMs: 5 });
    assert.equal((await groupCommands.open()).length, 2, 'its targets have not all ended');
    await groupCommands.prune(10);
    await groupCommands.answered('g-1');
    await groupCommands.prune(10);
    assert.equal((await groupCommands.open()).length, 2, 'and so it stays');
    const ended = targets.map(({ device }, index) => ({ index, target: target(device, 'succeeded') }));
    await groupCommands.saveTargets('g-1', ended);
    assert.deepEqual(
      (await groupCommands.open()).map(({ groupCommand: { id } }) => id),
      ['g-2'],
    );
    assert.deepEqual(
      (await groupCommands.list(9)).map(({ id, status }) => `${id} ${status}`),
      ['g-2 running', 'g-1 finished'],
    );
    await groupCommands.prune(5);
    assert.ok(await groupCommands.find('g-1'), 'it ended at this moment, not before');
    await groupCommands.prune(5.5);
    assert.equal(await groupCommands.find('g-1'), undefined);
    assert.equal((await groupCommands.find('g-2'))?.targets.length, 3);
  },
);

contract('the end of a group command and the targets that it skips are one write', async (state) => {
  const { groupCommands } = state.stores;
  const { groupCommand, targets } = record('g-1');
  await groupCommands.accept({ groupCommand, targets });
  const skipped = targets.map(({ device }, index) => ({ index, target: target(device, 'skipped') }));
  assert.equal(await groupCommands.save({ ...groupCommand, status: 'stopped', endedMs: 5 }, skipped), true);
  await state.restart();
  assert.deepEqual(await state.stores.groupCommands.open(), []);
  const [owed] = await state.stores.groupCommands.unanswered();
  assert.equal(owed?.groupCommand.status, 'stopped');
  assert.deepEqual(
    owed.targets,
    skipped.map((each) => each.target),
  );
});

contract('of two ends of a group command the first counts, and the second changes nothing', async (state) => {
  const { groupCommands } = state.stores;
  const { groupCommand, targets } = record('g-1');
  await groupCommands.accept({ groupCommand, targets });
  const end = (endedMs: number, status: 'failed' | 'skipped') =>
    groupCommands.save({ ...groupCommand, status: 'finished', endedMs }, [
      { index: 0, target: target(targets[0]?.device ?? '', status) },
    ]);
  assert.deepEqual([await end(5, 'failed'), await end(6, 'skipped')], [true, false]);
  assert.equal(await end(5, 'failed'), true, 'the same one again: its answer was lost');
  const found = await groupCommands.find('g-1');
  assert.deepEqual([found?.groupCommand.endedMs, found?.targets[0]?.status], [5, 'failed']);
});

contract('the final report is owed until the broker has it', async (state) => {
  const { groupCommands } = state.stores;
  const { groupCommand, targets } = record('g-1');
  await groupCommands.accept({ groupCommand, targets });
  await groupCommands.save({ ...groupCommand, status: 'stopped', reason: 'too many', endedMs: 5 });
  await state.restart();
  const [owed] = await state.stores.groupCommands.unanswered();
  assert.deepEqual([owed?.groupCommand.status, owed?.groupCommand.reason], ['stopped', 'too many']);
  await state.stores.groupCommands.answered('g-1');
  assert.deepEqual(await state.stores.groupCommands.unanswered(), []);
});

contract('selectors are kept under their names', async (state) => {
  const { groupCommands } = state.stores;
  await groupCommands.setGroup({ name: 'z', selector: 'all' });
  await groupCommands.setGroup({ name: 'a', selector: 'floor=1' });
  await groupCommands.setGroup({ name: 'a', selector: 'floor=2' });
  await state.restart();
  const { groupCommands: again } = state.stores;
  const groups = [
    { name: 'a', selector: 'floor=2' },
    { name: 'z', selector: 'all' },
  ];
  assert.deepEqual(await again.groups(), groups);
  assert.deepEqual([await again.removeGroup('z'), await again.removeGroup('z')], [true, false]);
  assert.equal((await again.groups()).length, 1);
});
