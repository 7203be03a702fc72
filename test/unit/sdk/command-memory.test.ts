import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CommandMemory } from '../../../sdk/typescript/src/core/command-memory.ts';
import { RamMemory } from '../../../sdk/typescript/src/core/ports.ts';
import type { ResultFrame } from '../../../schemas/index.ts';

const result = (re: string): ResultFrame => ({ type: 'result', re, status: 'succeeded' });

function begins(memory: CommandMemory, id: string): boolean {
  let remembered: boolean | undefined;
  memory.begin(id, (kept) => (remembered = kept));
  assert.ok(remembered !== undefined, 'at once');
  return remembered;
}

function ended(memory: CommandMemory, id: string): void {
  assert.equal(begins(memory, id), true);
  memory.end(result(id));
}

test('a result is owed until it is acked', () => {
  const memory = new CommandMemory();
  ended(memory, 'a');
  assert.deepEqual(memory.owed(), [result('a')]);
  assert.deepEqual(memory.unresolved(), ['a']);
  memory.acked('a');
  assert.deepEqual(memory.owed(), []);
  assert.deepEqual(memory.unresolved(), []);
  assert.deepEqual(memory.get('a')?.result, result('a'));
});

test('an ack before the result changes nothing', () => {
  const memory = new CommandMemory();
  begins(memory, 'a');
  memory.acked('a');
  assert.deepEqual(memory.unresolved(), ['a']);
});

test('a full memory forgets the oldest acked command, never one that is not acked', () => {
  const memory = new CommandMemory(undefined, undefined, 3);
  for (const id of ['a', 'b', 'c']) ended(memory, id);
  assert.equal(begins(memory, 'd'), false);
  memory.acked('b');
  memory.acked('c');
  assert.equal(begins(memory, 'd'), true);
  assert.equal(memory.get('b'), undefined);
  assert.ok(memory.get('a') !== undefined && memory.get('c') !== undefined);
});

test('refused ids are kept up to the capacity, the newest ones', () => {
  const memory = new CommandMemory(undefined, undefined, 2);
  memory.refuse('a', 'unknown');
  memory.refuse('b', 'cancelled');
  memory.refuse('c', 'unknown');
  assert.deepEqual(
    ['a', 'b', 'c'].map((id) => memory.refusal(id)),
    [undefined, 'cancelled', 'unknown'],
  );
});

test('a command begun before a reboot ends failed, one that had ended keeps its result', () => {
  const flash = new RamMemory();
  const kept = [
    { id: 'a', acked: false },
    { id: 'b', result: result('b'), acked: true },
  ];
  flash.save('commands', JSON.stringify(kept));
  const memory = new CommandMemory(flash);
  assert.equal(memory.get('a')?.result?.status, 'failed');
  assert.deepEqual(
    memory.owed().map(({ re }) => re),
    ['a'],
  );
  assert.deepEqual(memory.get('b')?.result, result('b'));
});
