import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { NackLog } from '../../../hub/admin/nack-log.ts';
import type { NackedDevice } from '../../../hub/sessions/nack.ts';
import { Rejects } from '../../../hub/admin/rejects.ts';
import type { NackFrame } from '../../../schemas/index.ts';
import { ManualClock } from '../../helpers/clock.ts';

const device = (id: string, firmware = '1.0'): NackedDevice => ({ id, type: 'a@1', firmware });
const schema = (path: string, seq = 1): NackFrame => ({
  type: 'nack',
  seq,
  code: 'schema',
  retry: false,
  errors: [{ path, keyword: 'maximum', expected: '<= 5', got: '6' }],
});
const rate: NackFrame = { type: 'nack', seq: 9, code: 'rate', retry: true };

test('the last twenty refusals of a device are kept, newest first', () => {
  const clock = new ManualClock();
  const log = new NackLog(clock);
  for (let n = 0; n < 30; n += 1) {
    clock.advance(1);
    log.note(device('d-1'), schema(`/f${n}`, n), 'env');
  }
  const rows = log.of('d-1');
  assert.equal(rows.length, 20);
  assert.deepEqual(
    [rows[0]?.field, rows[0]?.message, rows.at(-1)?.field],
    ['/f29', '/f29 must be <= 5; it is 6', '/f10'],
  );
  assert.deepEqual(log.of('d-2'), []);
  log.forget('d-1');
  assert.deepEqual(log.of('d-1'), []);
});

test('a flood of refusals that name no field is one row, and pushes nothing out', () => {
  const clock = new ManualClock();
  const log = new NackLog(clock);
  log.note(device('d-1'), schema('/f'), 'env');
  for (let n = 0; n < 1_000; n += 1) {
    clock.advance(1);
    log.note(device('d-1'), rate, undefined);
  }
  const [flood, first] = log.of('d-1');
  assert.deepEqual([flood?.times, flood?.timeMs, flood?.code], [1_000, clock.now(), 'rate']);
  assert.equal(first?.field, '/f');
});

test('refusals are summed up by type, stream, field, rule and firmware', () => {
  const clock = new ManualClock();
  const rejects = new Rejects(clock);
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
  const rejects = new Rejects(new ManualClock());
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
      const rejects = new Rejects(new ManualClock());
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
