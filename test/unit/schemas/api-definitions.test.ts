import assert from 'node:assert/strict';
import { globSync } from 'node:fs';
import { test } from 'node:test';
import { Type, type TSchema } from 'typebox';
import { operations } from '../../../schemas/api/document/api.ts';
import { compileParameterCheck } from '../../../schemas/api/requests/request-check.ts';
import { assertFits } from '../../helpers/api-check.ts';

/** The definitions of the operators' API judge values; each has an example that readers see in the API document. */

const folder = new URL('../../../schemas/api/', import.meta.url);

interface Definition {
  title: string;
  examples: unknown[];
}

async function definitions(): Promise<[string, TSchema & Partial<Definition>][]> {
  const files = globSync('**/*.ts', { cwd: folder });
  const modules = await Promise.all(
    files.map((file) => import(new URL(file, folder).href) as Promise<Record<string, unknown>>),
  );
  return modules.flatMap((module) =>
    Object.entries(module).filter(
      (entry): entry is [string, TSchema] => /^[A-Z]/.test(entry[0]) && typeof entry[1] === 'object',
    ),
  );
}

test('every definition is named as it is exported, once, and satisfied by its example', async () => {
  const all = await definitions();
  assert.ok(all.length > 60, `only ${all.length} definitions were found`);
  for (const [name, schema] of all) {
    assert.equal(schema.title, name);
    assert.equal(schema.examples?.length, 1, `${name} has one example`);
    assertFits(schema, schema.examples[0], `the example of ${name}`);
  }
  const names = all.map(([name]) => name);
  assert.deepEqual([...new Set(names)], names);
});

test('a value with a member that its definition does not have, however deep, does not fit', () => {
  const inner = Type.Object({ a: Type.Number() });
  const outer = Type.Object({ list: Type.Array(inner), either: Type.Union([inner, Type.Null()]) });
  assertFits(outer, { list: [{ a: 1 }], either: null }, 'right');
  for (const wrong of [
    { list: [{ a: 1, b: 2 }], either: null },
    { list: [], either: { a: 1, b: 2 } },
    { list: [], either: null, more: 1 },
    { list: [{ a: '1' }], either: null },
    { list: [] },
  ])
    assert.throws(() => assertFits(outer, wrong, 'wrong'), /^AssertionError.*: wrong: /);
});

test('no number of any query is endless: it would pass every limit', () => {
  const numbers = operations.flatMap(({ id, query }) =>
    query === undefined
      ? []
      : Object.entries(query.properties)
          .filter(([, schema]) => Type.IsInteger(schema) || Type.IsNumber(schema))
          .map(([name]) => ({ id, name, check: compileParameterCheck(query) })),
  );
  assert.ok(numbers.length > 20, `only ${numbers.length} numbers were found`);
  for (const { id, name, check } of numbers) {
    for (const text of ['1e400', '-1e400', 'Infinity']) {
      const fault = check({ fromMs: '0', toMs: '1', [name]: text });
      assert.ok(fault !== undefined, `${id} takes ${name}=${text}`);
    }
  }
});
