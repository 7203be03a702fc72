import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Settlement } from '../../../hub/sessions/settlement.ts';

/** What Settlement must do, said the slow way: every seq by itself. */
class NaiveSettlement {
  readonly unsettled = new Set<number>();
  lastSeq = 0;

  get settledUpTo(): number {
    let upTo = 0;
    while (upTo < this.lastSeq && !this.unsettled.has(upTo + 1)) upTo += 1;
    return upTo;
  }
}

type Step =
  { kind: 'begin' } | { kind: 'pass' } | { kind: 'settle'; pick: number } | { kind: 'settle-unknown' };

const steps = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.constant<Step>({ kind: 'begin' }) },
    { weight: 2, arbitrary: fc.constant<Step>({ kind: 'pass' }) },
    { weight: 4, arbitrary: fc.nat(1_000).map<Step>((pick) => ({ kind: 'settle', pick })) },
    { weight: 1, arbitrary: fc.constant<Step>({ kind: 'settle-unknown' }) },
  ),
  { maxLength: 200 },
);

test('in any order of begin, pass and settle it says what a list of every seq would say', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 8 }), steps, (capacity, run) => {
      const settlement = new Settlement(capacity);
      const model = new NaiveSettlement();
      for (const step of run) {
        const next = model.lastSeq + 1;
        const waiting = [...model.unsettled];
        if (step.kind === 'begin' && settlement.hasRoom) {
          settlement.begin(next);
          model.unsettled.add(next);
          model.lastSeq = next;
        } else if (step.kind === 'begin' || step.kind === 'pass') {
          // Without room a frame is refused at once, as the intake does it.
          settlement.pass(next);
          model.lastSeq = next;
        } else if (step.kind === 'settle' && waiting.length > 0) {
          const seq = waiting[step.pick % waiting.length] ?? 0;
          settlement.settle(seq);
          model.unsettled.delete(seq);
        } else settlement.settle(next + 5);
        assert.equal(settlement.lastSeq, model.lastSeq);
        assert.equal(settlement.unsettled, model.unsettled.size);
        assert.equal(settlement.settledUpTo, model.settledUpTo);
        assert.ok(settlement.unsettled <= capacity, 'the window holds');
      }
    }),
  );
});

test('there is room again for the whole window once everything is settled, whatever the order', () => {
  const order = fc.integer({ min: 1, max: 16 }).chain((capacity) =>
    fc.tuple(
      fc.constant(capacity),
      fc.shuffledSubarray(
        Array.from({ length: capacity }, (_, index) => index + 1),
        { minLength: capacity },
      ),
    ),
  );
  fc.assert(
    fc.property(order, ([capacity, settles]) => {
      const settlement = new Settlement(capacity);
      for (let round = 0; round < 5; round++) {
        const base = settlement.lastSeq;
        for (let seq = base + 1; seq <= base + capacity; seq++) {
          assert.ok(settlement.hasRoom);
          settlement.begin(seq);
        }
        assert.equal(settlement.hasRoom, false);
        for (const seq of settles) settlement.settle(base + seq);
        assert.equal(settlement.settledUpTo, base + capacity);
      }
    }),
  );
});

test('a seq that was settled before, or never begun, settles nothing', () => {
  const settlement = new Settlement(4);
  settlement.begin(1);
  settlement.begin(2);
  settlement.settle(2);
  settlement.settle(2);
  settlement.settle(7);
  assert.equal(settlement.unsettled, 1);
  assert.equal(settlement.settledUpTo, 0);
  settlement.settle(1);
  assert.equal(settlement.settledUpTo, 2);
});
