import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { requestPath } from '../../../schemas/api/requests/request-path.ts';
import { cutText } from '../../../schemas/cut-text.ts';
import { describeError, renderValue } from '../../../schemas/field-error.ts';
import { loneSurrogates } from '../../helpers/fuzz/hostile-values.ts';

const characters = fc.array(fc.constantFrom('a', '"', '\\', '\u0000', 'é', '€', '😀', '🏳️‍🌈'), {
  maxLength: 90,
});

test('a text that is cut keeps whole characters, and is shorter by one unit at most', () => {
  fc.assert(
    fc.property(characters, fc.nat(100), (parts, length) => {
      const text = parts.join('');
      const cut = cutText(text, length);
      assert.ok(cut.isWellFormed());
      assert.ok(text.startsWith(cut));
      assert.ok(cut.length >= Math.min(length, text.length) - 1 && cut.length <= length);
    }),
  );
});

test('a fault shows values and names without half of a character', () => {
  fc.assert(
    fc.property(characters, (parts) => {
      const text = parts.join('');
      assert.ok(renderValue(text).isWellFormed());
      assert.doesNotMatch(renderValue(text), /\\ud8|\\udc/, 'none that is escaped either');
      const error = {
        keyword: 'additionalProperties',
        instancePath: '',
        schemaPath: '',
        params: { additionalProperty: text },
      };
      const fault = describeError(error, { [text]: text });
      for (const shown of [fault.path, fault.got, fault.expected]) assert.ok(shown.isWellFormed(), shown);
    }),
  );
});

test('a path with half of a character can be asked for, as a query with it can', () => {
  for (const half of loneSurrogates) {
    const path = requestPath('/api/v1/devices/{id}', { params: { id: `a${half}` }, query: { q: half } });
    assert.equal(path, '/api/v1/devices/a%EF%BF%BD?q=%EF%BF%BD');
  }
});
