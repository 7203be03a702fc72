import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Moments } from '../../../sdk/typescript/src/core/moments.ts';

test('readings of one stream never share a time while the clock does not go back, and none moves by more than there are', () => {
  const steps = fc.array(
    fc.record({ by: fc.constantFrom(0, 0, 0, 0.001, 0.1, 1), name: fc.constantFrom('env', 'air') }),
  );
  fc.assert(
    fc.property(steps, (taken) => {
      const moments = new Moments();
      const seen = new Set<string>();
      let up = 0;
      for (const { by, name } of taken) {
        up += by;
        const at = moments.apart(up, { kind: 'reading', stream: name });
        assert.ok(at > up - 0.001 && at <= up + taken.length / 1_000, `${at} for ${up}`);
        assert.ok(!seen.has(`${name} ${at}`), `${name} twice at ${at}`);
        seen.add(`${name} ${at}`);
      }
    }),
  );
});

test('a reading of the past keeps its time, and streams of one moment share theirs', () => {
  const moments = new Moments();
  assert.equal(moments.apart(5, { kind: 'reading', stream: 'env' }), 5);
  assert.equal(moments.apart(5, { kind: 'reading', stream: 'air' }), 5);
  assert.equal(moments.apart(2, { kind: 'reading', stream: 'env' }), 2);
  assert.equal(moments.apart(2, { kind: 'reading', stream: 'env' }), 2.001);
});
