import type { CodeKeywordDefinition } from 'ajv/dist/2020.js';
import { _, and, not, or } from 'ajv/dist/compile/codegen/index.js';
import { propertyInData } from 'ajv/dist/vocabularies/code.js';

/**
 * `anyOf` as our schemas use it: a choice of `required` lists. It accepts and refuses the same as Ajv's own. But a reading
 * that meets the second list costs no error object for the first, and the answer names the choice.
 */
export const requiredChoice: CodeKeywordDefinition = {
  keyword: 'anyOf',
  type: 'object',
  schemaType: 'array',
  error: {
    message: 'must have one of the required lists',
    params: ({ schema }) =>
      _`{names: ${listsOf(schema)
        .map((names) => names.join(' with '))
        .join(', ')}}`,
  },
  code(cxt) {
    const { gen, data, it } = cxt;
    const choices = listsOf(cxt.schema).map((names) =>
      and(...names.map((name) => propertyInData(gen, data, name, it.opts.ownProperties))),
    );
    cxt.fail(not(or(...choices)));
  },
};

function listsOf(schema: unknown): string[][] {
  return (schema as { required: string[] }[]).map(({ required }) => required);
}
