import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DescriptorWatch } from '../../../hub/kernel/descriptor-watch.ts';
import { createLog } from '../../../hub/kernel/log.ts';
import { ManualClock } from '../../helpers/clock.ts';

test('a process without a descriptor left says so once, and that it is over when ten seconds went well', async () => {
  const clock = new ManualClock();
  const lines: string[] = [];
  const log = createLog({ level: 'info', destination: { write: (line) => void lines.push(line) } });
  const state = { code: '' };
  const watch = new DescriptorWatch({
    clock,
    log,
    async open() {
      if (state.code !== '') throw Object.assign(new Error(`${state.code}: too many open files`), state);
    },
  });
  watch.start();
  await clock.advanceAsync(3_000);
  assert.equal(watch.fault, undefined);
  for (const code of ['EMFILE', 'ENFILE', 'EMFILE']) {
    state.code = code;
    await clock.advanceAsync(1_000);
    assert.match(watch.fault ?? '', /no file descriptor is left/);
  }
  state.code = '';
  await clock.advanceAsync(9_000);
  assert.ok(watch.fault !== undefined);
  await clock.advanceAsync(1_000);
  assert.equal(watch.fault, undefined);
  const messages = lines.map((line) => (JSON.parse(line) as { msg: string }).msg);
  assert.equal(messages.length, 2);
  assert.match(messages[0] ?? '', /no file descriptor is left/);
  watch.close();
});

test('another fault of the probe is none of descriptors', async () => {
  const clock = new ManualClock();
  const watch = new DescriptorWatch({
    clock,
    log: createLog({ level: 'silent' }),
    open: () => Promise.reject(Object.assign(new Error('no such device'), { code: 'ENOENT' })),
  });
  await watch.look();
  assert.equal(watch.fault, undefined);
});
