import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BatchedSaving } from '../../../hub/kernel/batched-saving.ts';
import { silentLog } from '../../helpers/silent-log.ts';

/** A disk that takes or refuses each batch when the test says so. */
function heldDisk() {
  const batches: { keys: readonly string[]; takes: () => void; refuses: () => void }[] = [];
  const saving = new BatchedSaving({
    log: silentLog,
    what: 'rows',
    write: (keys) =>
      new Promise((resolve, reject) => {
        batches.push({ keys, takes: resolve, refuses: () => reject(new Error('full')) });
      }),
  });
  const written = () => batches.map(({ keys }) => keys);
  return { batches, saving, written };
}

test('no batch begins before the one under way has ended, and saving all waits for both', async () => {
  const { batches, saving, written } = heldDisk();
  saving.mark('a');
  const first = saving.save();
  saving.mark('b');
  const second = saving.save();
  let ended = false;
  const all = saving.saveAll().then(() => (ended = true));
  assert.deepEqual(written(), [['a']]);
  batches[0]?.takes();
  await Promise.all([first, second]);
  assert.deepEqual(written(), [['a'], ['b']]);
  assert.equal(ended, false);
  batches[1]?.takes();
  await all;
  assert.equal(saving.failures, 0);
});

test('saving all waits for a batch under way where nothing has changed since', async () => {
  const { batches, saving } = heldDisk();
  saving.mark('a');
  void saving.save();
  let ended = false;
  const all = saving.saveAll().then(() => (ended = true));
  await Promise.resolve();
  assert.equal(ended, false);
  batches[0]?.takes();
  await all;
  assert.equal(batches.length, 1);
});

test('what a batch under way could not save is saved later, except what was forgotten meanwhile', async () => {
  const { batches, saving, written } = heldDisk();
  saving.mark('a');
  saving.mark('b');
  const first = saving.save();
  saving.forget('a');
  batches[0]?.refuses();
  await first;
  assert.equal(saving.failures, 2);
  const second = saving.save();
  assert.deepEqual(written().at(-1), ['b']);
  batches[1]?.takes();
  await second;
});
