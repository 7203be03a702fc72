import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mortal, type CommandFaults } from '../../../device-sim/device/command-faults.ts';
import { LinkFaults, makeDevice, RamMemory } from '../../../sdk/typescript/src/node.ts';
import type { DeviceFrame } from '../../../schemas/index.ts';
import { ManualClock } from '../../helpers/clock.ts';
import { PlayedLinks, welcomeFrame } from '../../helpers/sdk/played-link.ts';

/** One command given to a device with these faults; what it sent, and whether it acted. */
async function obey(faults: CommandFaults, memory = new RamMemory()) {
  const clock = new ManualClock();
  const links = new PlayedLinks();
  const link = new LinkFaults(links.open, clock);
  const device = makeDevice({
    url: 'ws://hub/v1/device',
    id: 'd-1',
    secret: 's',
    type: 'env-sensor@1',
    openLink: link.open,
    clock,
    memory,
  });
  const seen = { acted: 0, died: 0 };
  const handler = mortal(
    () => {
      seen.acted += 1;
      return { status: 'succeeded' };
    },
    () => faults.dies,
    () => {
      seen.died += 1;
      void device.close();
    },
  );
  device.onCommand('blink', handler);
  link.answers = faults;
  device.wake();
  const played = links.last;
  played?.opened();
  played?.say(welcomeFrame(1));
  const command = { type: 'command', id: 'c-1', name: 'blink', params: {}, deadline: 10, ttlMs: 10 };
  played?.say({ ...command, safety: 'observe' });
  await clock.advanceAsync(1);
  const answers = (): DeviceFrame['type'][] =>
    links.frames.map(({ type }) => type).filter((type) => type === 'received' || type === 'result');
  const atOnce = answers();
  await clock.advanceAsync(10_000);
  return { ...seen, atOnce, types: answers() };
}

test('a slow ack comes later, one that never comes is left out, and the result comes all the same', async () => {
  assert.deepEqual((await obey({})).types, ['received', 'result']);
  const slow = await obey({ slowAckMs: 5_000 });
  assert.deepEqual([slow.atOnce, slow.types], [['result'], ['result', 'received']]);
  assert.deepEqual((await obey({ neverAck: true })).types, ['result']);
  assert.deepEqual((await obey({ duplicateResult: true })).types, ['received', 'result', 'result']);
  const slowResult = await obey({ slowResultMs: 5_000 });
  assert.deepEqual([slowResult.atOnce, slowResult.types], [['received'], ['received', 'result']]);
});

test('a device that dies before or after it acts says no result, and boots with what its memory has', async () => {
  const memories = { before: new RamMemory(), after: new RamMemory() };
  const before = await obey({ dies: 'before-result' }, memories.before);
  assert.deepEqual([before.acted, before.died, before.types], [0, 1, ['received']]);
  const after = await obey({ dies: 'after-act' }, memories.after);
  assert.deepEqual([after.acted, after.died, after.types], [1, 1, ['received']]);
  for (const memory of Object.values(memories)) {
    const kept = JSON.parse(memory.load('commands') ?? '') as unknown;
    assert.deepEqual(kept, [{ id: 'c-1', acked: false }]);
  }
});
