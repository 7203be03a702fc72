import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Releasers } from '../../../hub/kernel/releasers.ts';

test('everything is closed, last started first, each waited for', async () => {
  const releasers = new Releasers();
  const closed: string[] = [];
  for (const name of ['store', 'writer', 'listener']) {
    releasers.push(name, async () => {
      await Promise.resolve();
      closed.push(name);
    });
  }
  assert.deepEqual(await releasers.closeAll(), []);
  assert.deepEqual(closed, ['listener', 'writer', 'store']);
});

test('a part that does not close well is named, and the others close all the same', async () => {
  const releasers = new Releasers();
  const closed: string[] = [];
  const [later, atOnce] = [new Error('later'), new Error('at once')];
  releasers.push('first', () => void closed.push('first'));
  releasers.push('rejects', () => Promise.reject(later));
  releasers.push('throws', () => {
    throw atOnce;
  });
  releasers.push('last', () => void closed.push('last'));
  assert.deepEqual(await releasers.closeAll(), [
    { name: 'throws', error: atOnce },
    { name: 'rejects', error: later },
  ]);
  assert.deepEqual(closed, ['last', 'first']);
});

test('each part is closed once', async () => {
  const releasers = new Releasers();
  let closes = 0;
  releasers.push('part', () => void (closes += 1));
  await Promise.all([releasers.closeAll(), releasers.closeAll()]);
  await releasers.closeAll();
  assert.equal(closes, 1);
});
