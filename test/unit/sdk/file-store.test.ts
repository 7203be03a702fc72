import assert from 'node:assert/strict';
import { appendFileSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { fileStore } from '../../../sdk/typescript/src/node/file-store.ts';
import { temporaryFolder } from '../../helpers/services/guard.ts';

function file(t: TestContext): string {
  const made = temporaryFolder('readings');
  t.after(() => made.remove());
  return join(made.path, 'deep', 'readings.jsonl');
}

function recordsOf(path: string): string[] {
  const store = fileStore(path);
  const records: string[] = [];
  for (let number = store.next(0); number !== 0; number = store.next(number))
    records.push(store.read(number) ?? '');
  store.close();
  return records;
}

test('records are there after a reboot, in their order, without those that were dropped', (t) => {
  const path = file(t);
  const store = fileStore(path);
  const numbers = ['a', 'b', 'c'].map((record) => store.append(record));
  assert.deepEqual(numbers, [1, 2, 3]);
  store.drop(2);
  store.drop(99);
  store.close();
  assert.deepEqual(recordsOf(path), ['a', 'c']);
  assert.equal(statSync(path).mode & 0o777, 0o600);
});

test('half a line, as a loss of power leaves it, costs that line only', (t) => {
  const path = file(t);
  const store = fileStore(path);
  store.append('a');
  store.close();
  appendFileSync(path, '{"keep":2,"reco');
  assert.deepEqual(recordsOf(path), ['a']);
  const later = fileStore(path);
  assert.equal(later.append('b'), 2);
  later.close();
  assert.deepEqual(recordsOf(path), ['a', 'b']);
});

test('a worn disk costs the lines that it damages, which are counted', (t) => {
  const path = file(t);
  const store = fileStore(path);
  for (const record of ['a', 'b', 'c']) store.append(record);
  store.close();
  const text = readFileSync(path, 'latin1').replace('"b"}', '\u0000\u00ff}');
  writeFileSync(path, text, 'latin1');
  const worn = fileStore(path);
  assert.equal(worn.damaged, 1);
  worn.close();
  assert.deepEqual(recordsOf(path), ['a', 'c']);
});

test('the file does not grow with what is dropped', (t) => {
  const path = file(t);
  const store = fileStore(path);
  for (let count = 1; count <= 2_500; count += 1) store.drop(store.append('x'));
  store.close();
  const lines = readFileSync(path, 'utf8').split('\n').length;
  assert.ok(lines < 1_100, `${lines} lines`);
});
