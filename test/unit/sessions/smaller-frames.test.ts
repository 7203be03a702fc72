import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { smallerFrames } from '../../../hub/sessions/smaller-frames.ts';
import { writeCbor } from '../../../schemas/cbor/cbor-writer.ts';
import type { HubFrame, NackFrame, RecallFrame } from '../../../schemas/index.ts';

const sizes = fc.integer({ min: 512, max: 4_096 });
const inJson = (frame: HubFrame): number => Buffer.byteLength(JSON.stringify(frame));
const inCbor = (frame: HubFrame): number => writeCbor(frame).length;
const encodings = fc.constantFrom(inJson, inCbor);
const id = fc.stringMatching(/^[A-Za-z0-9_-]{1,64}$/);

test('a recall that is too long for a device comes in parts that fit and name every id once, in order', () => {
  fc.assert(
    fc.property(
      fc.array(id, { minLength: 1, maxLength: 500 }),
      sizes,
      encodings,
      (ids, maxBytes, bytesOf) => {
        const parts = smallerFrames({ type: 'recall', ids }, maxBytes, bytesOf) as RecallFrame[];
        assert.ok(parts.every((part) => bytesOf(part) <= maxBytes));
        assert.deepEqual(
          parts.flatMap((part) => part.ids),
          ids,
        );
      },
    ),
  );
});

test('a nack that is too long loses explanations and comes in parts, and refuses the same samples', () => {
  const text = fc.string({ maxLength: 200, unit: 'binary' });
  const error = fc.record({ path: text, keyword: text, expected: text, got: text });
  const samples = fc.uniqueArray(fc.nat(499), { minLength: 1, maxLength: 500 });
  fc.assert(
    fc.property(
      fc.array(error, { maxLength: 16 }),
      samples,
      sizes,
      encodings,
      (errors, rejectedSamples, maxBytes, bytesOf) => {
        const nack: NackFrame = {
          type: 'nack',
          seq: 9_007_199_254_740_991,
          code: 'schema',
          retry: false,
          errors,
        };
        const parts = smallerFrames({ ...nack, rejectedSamples }, maxBytes, bytesOf) as NackFrame[];
        assert.ok(parts.every((part) => bytesOf(part) <= maxBytes && part.seq === nack.seq));
        assert.deepEqual(
          parts.flatMap((part) => part.rejectedSamples ?? []),
          rejectedSamples,
        );
        const whole = smallerFrames(nack, maxBytes, bytesOf) as NackFrame[];
        assert.equal(whole.length, 1);
        assert.ok(whole.every((part) => bytesOf(part) <= maxBytes));
      },
    ),
  );
});

test('an explanation of any length leaves room for the samples', () => {
  for (let length = 0; length < 600; length += 1) {
    const errors = [{ path: '', keyword: 'type', expected: 'number', got: 'x'.repeat(length) }];
    const rejectedSamples = Array.from({ length: 500 }, (_, n) => n);
    const nack: NackFrame = { type: 'nack', seq: 1, code: 'schema', retry: false, errors, rejectedSamples };
    for (const part of smallerFrames(nack, 512, inJson) ?? [])
      assert.ok(inJson(part) <= 512, `${length} characters`);
  }
});

test('a notice has no parts', () => {
  assert.equal(
    smallerFrames({ type: 'notice', topic: 'news', data: 'x'.repeat(600) }, 512, inJson),
    undefined,
  );
});
