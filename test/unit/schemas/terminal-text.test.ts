import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { terminalText } from '../../../schemas/terminal-text.ts';

const hostile = fc
  .array(
    fc.oneof(
      fc.constantFrom('\u001b', '\r', '\u009b', '\u202e', '\u2028', '\\', '\n', '\t', '\u{e0041}'),
      fc.string(),
    ),
  )
  .map((parts) => parts.join(''));

test('a terminal obeys nothing of a text but line feed and tab', () => {
  fc.assert(
    fc.property(hostile, (text) => {
      const shown = terminalText(text);
      assert.doesNotMatch(
        shown,
        /(?![\n\t])[\p{Cc}\u061C\u200E\u200F\u2028-\u202E\u2066-\u2069\u{E0000}-\u{E007F}]/u,
      );
      assert.equal(terminalText(shown), shown);
    }),
  );
  assert.equal(terminalText('v1\u{e0041}'), String.raw`v1\udb40\udc41`);
  assert.equal(terminalText('\u001b[31m red\r'), String.raw`\u001b[31m red\u000d`);
});

test('JSON stays the same JSON', () => {
  fc.assert(
    fc.property(fc.dictionary(hostile, hostile), (value) => {
      assert.deepEqual(JSON.parse(terminalText(JSON.stringify(value))), { ...value });
    }),
  );
});
