import assert from 'node:assert/strict';
import type { Static, TSchema } from 'typebox';

/** The example of a definition of the API, as a value to send or to compare with. */
export function exampleOf<Schema extends TSchema>(schema: Schema): NoInfer<Static<Schema>> {
  const { examples = [] } = schema as { examples?: Static<Schema>[] };
  const [example] = examples;
  assert.ok(example !== undefined, 'the definition has an example');
  return structuredClone(example);
}
