import assert from 'node:assert/strict';
import { test } from 'node:test';
import { commandFile } from '../../../device-sim/client/command-file.ts';
import type { CommandFaults } from '../../../device-sim/device/command-faults.ts';
import { CommandMemory } from '../../../device-sim/client/command-memory.ts';
import { CommandRunner } from '../../../device-sim/client/command-runner.ts';
import type { DeviceFrame } from '../../../schemas/index.ts';
import { ManualClock } from '../../helpers/clock.ts';
import { temporaryFolder } from '../../helpers/services/guard.ts';

/** One command given to a device with these faults; what it sent, and whether it acted. */
async function obey(faults: CommandFaults, memory = new CommandMemory()) {
  const clock = new ManualClock();
  const sent: DeviceFrame[] = [];
  const seen = { acted: 0, died: 0 };
  const runner = new CommandRunner({
    memory,
    clock,
    send: (frame) => void sent.push(frame),
    hubTime: () => 0,
    ended: () => undefined,
    died: () => {
      seen.died += 1;
    },
  });
  runner.handle('blink', () => {
    seen.acted += 1;
    return { status: 'succeeded' };
  });
  runner.faults = faults;
  const command = {
    type: 'command',
    name: 'blink',
    params: {},
    deadline: 1,
    ttlMs: 1,
    safety: 'observe',
  } as const;
  runner.command({ ...command, id: 'c-1' });
  await clock.advanceAsync(1);
  const atOnce = sent.map(({ type }) => type);
  await clock.advanceAsync(10_000);
  return { ...seen, atOnce, types: sent.map(({ type }) => type) };
}

test('a slow ack comes later, one that never comes is left out, and the result comes all the same', async () => {
  assert.deepEqual((await obey({})).types, ['received', 'result']);
  const slow = await obey({ slowAckMs: 5_000 });
  assert.deepEqual([slow.atOnce, slow.types], [['result'], ['result', 'received']]);
  assert.deepEqual((await obey({ neverAck: true })).types, ['result']);
  assert.deepEqual((await obey({ duplicateResult: true })).types, ['received', 'result', 'result']);
});

test('a device that dies before or after it acts says no result, and boots with what its file has', async (t) => {
  const folder = temporaryFolder('memory');
  t.after(() => folder.remove());
  const before = await obey({ dies: 'before-result' }, new CommandMemory(commandFile(folder.path, 'd-1')));
  assert.deepEqual([before.acted, before.died, before.types], [0, 1, ['received']]);
  const after = await obey({ dies: 'after-act' }, new CommandMemory(commandFile(folder.path, 'd-2')));
  assert.deepEqual([after.acted, after.died, after.types], [1, 1, ['received']]);
  for (const id of ['d-1', 'd-2']) {
    const rebooted = new CommandMemory(commandFile(folder.path, id));
    assert.deepEqual(rebooted.unresolved(), ['c-1']);
    assert.equal(rebooted.owed()[0]?.error, 'interrupted by a reboot');
  }
});
