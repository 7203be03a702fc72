import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { NackedDevice } from '../../../hub/sessions/nack.ts';
import type { NackFrame } from '../../../schemas/index.ts';
import { ManualClock } from '../../helpers/clock.ts';
import { MemoryRejectStore, newNackLog, newRejects } from '../../helpers/hubs/refusals.ts';

const device = (id: string, firmware = '1.0'): NackedDevice => ({ id, type: 'a@1', firmware });
const schema = (path: string, seq = 1): NackFrame => ({
  type: 'nack',
  seq,
  code: 'schema',
  retry: false,
  errors: [{ path, keyword: 'maximum', expected: '<= 5', got: '6' }],
});
const rate: NackFrame = { type: 'nack', seq: 9, code: 'rate', retry: true };

test('the last twenty refusals of a device are kept, newest first', async () => {
  const clock = new ManualClock();
  const log = newNackLog(clock);
  for (let n = 0; n < 30; n += 1) {
    clock.advance(1);
    log.note(device('d-1'), schema(`/f${n}`, n), 'env');
  }
  const rows = await log.of('d-1');
  assert.equal(rows.length, 20);
  assert.deepEqual(
    [rows[0]?.field, rows[0]?.message, rows.at(-1)?.field],
    ['/f29', '/f29 must be <= 5; it is 6', '/f10'],
  );
  assert.deepEqual(await log.of('d-2'), []);
  log.forget('d-1');
  assert.deepEqual(await log.of('d-1'), []);
});

test('a flood of refusals that name no field is one row, and pushes nothing out', async () => {
  const clock = new ManualClock();
  const log = newNackLog(clock);
  log.note(device('d-1'), schema('/f'), 'env');
  for (let n = 0; n < 1_000; n += 1) {
    clock.advance(1);
    log.note(device('d-1'), rate, undefined);
  }
  const [flood, first] = await log.of('d-1');
  assert.deepEqual([flood?.times, flood?.timeMs, flood?.code], [1_000, clock.now(), 'rate']);
  assert.equal(first?.field, '/f');
});

test('refusals are summed up by type, stream, field, rule and firmware', () => {
  const clock = new ManualClock();
  const rejects = newRejects(clock);
  rejects.note(device('d-1'), schema('/a'), 'env', 'first');
  rejects.note(device('d-2'), schema('/a'), 'env', 'second');
  rejects.note(device('d-2', '2.0'), schema('/a'), 'env', 'third');
  rejects.note(device('d-2'), rate, 'env', 'no field');
  const { rejects: rows, other } = rejects.report();
  assert.equal(other, 0);
  assert.deepEqual(rows, [
    {
      type: 'a@1',
      stream: 'env',
      field: '/a',
      rule: 'maximum',
      firmware: '1.0',
      count: 2,
      lastMs: clock.now(),
      example: { device: 'd-2', message: 'second' },
    },
    { ...rows[0], firmware: '2.0', count: 1, example: { device: 'd-2', message: 'third' } },
  ]);
  const ofOne = rejects.report((id) => id === 'd-1');
  assert.deepEqual(
    ofOne.rejects.map(({ count, example }) => [count, example.device]),
    [[1, 'd-1']],
  );
});

test('one device that makes up fields and firmware fills no more than its share', () => {
  const rejects = newRejects(new ManualClock());
  rejects.note(device('honest'), schema('/a'), 'env', '');
  for (let n = 0; n < 5_000; n += 1) rejects.note(device('liar', `v${n}`), schema(`/f${n}`), 'env', '');
  const { rejects: rows, other } = rejects.report();
  assert.equal(rows.length, 21);
  assert.equal(other, 4_980);
  assert.ok(rows.some(({ example }) => example.device === 'honest'));
});

test('whatever is refused, every refusal is in a row or in `other`, and the rows are bounded', () => {
  const steps = fc.array(
    fc.record({
      id: fc.integer({ min: 0, max: 80 }),
      field: fc.integer({ min: 0, max: 60 }),
      forget: fc.integer({ min: 0, max: 49 }).map((value) => value === 0),
    }),
    { maxLength: 3_000, size: 'max' },
  );
  fc.assert(
    fc.property(steps, (given) => {
      const rejects = newRejects(new ManualClock());
      for (const { id, field, forget } of given) {
        rejects.note(device(`d-${id}`), schema(`/f${field}`), `s${id % 30}`, '');
        if (forget) rejects.forget(`d-${id}`);
      }
      const { rejects: rows, other } = rejects.report();
      assert.ok(rows.length <= 1_000);
      assert.equal(
        rows.reduce((sum, { count }) => sum + count, other),
        given.length,
      );
    }),
    { numRuns: 30 },
  );
});

test('refusals outlive a restart, but not the device, nor seven days without another', async () => {
  const clock = new ManualClock();
  const store = new MemoryRejectStore();
  const before = newRejects(clock, store);
  before.note(device('d-1'), schema('/a'), 'env', 'of d-1');
  before.note(device('d-2'), schema('/a'), 'env', 'of d-2');
  before.note(device('gone'), schema('/b'), 'env', 'of gone');
  for (let n = 0; n < 30; n += 1) before.note(device('liar'), schema(`/f${n}`), 'env', '');
  const { rejects: rows } = before.report((id) => id.startsWith('d-'));
  await before.saveAll();
  const after = newRejects(clock, store);
  await after.load((id) => id !== 'gone');
  assert.deepEqual(after.report((id) => id.startsWith('d-')).rejects, rows);
  assert.deepEqual(
    [after.report().rejects.length, after.report().other],
    [21, 11],
    'what is gone is in `other`',
  );
  after.note(device('liar'), schema('/more'), 'env', '');
  assert.equal(after.report().rejects.length, 21, 'the share of a device holds over the restart');

  clock.advance(6 * 86_400_000);
  after.note(device('d-1'), schema('/a'), 'env', 'again');
  clock.advance(2 * 86_400_000);
  assert.deepEqual(
    after.report().rejects.map(({ field, count }) => [field, count]),
    [['/a', 3]],
  );
  await after.saveAll();
  assert.equal(store.rows.size, 1);
});

test('a disk that fails loses nothing of what was refused, and each try is counted', async () => {
  const clock = new ManualClock();
  const store = new MemoryRejectStore();
  store.fails = true;
  const rejects = newRejects(clock, store);
  rejects.note(device('d-1'), schema('/a'), 'env', '');
  await rejects.saveAll();
  assert.deepEqual([rejects.saveFailures, store.rows.size], [1, 0]);
  store.fails = false;
  await rejects.save();
  assert.equal(store.rows.size, 1);
});
