/** C code that prints what generated code has read, as JSON: the test's own way, so that nothing judges itself. */

import { cString } from '../../../schemas/generate/c-declarations.ts';
import type { CArray, CStruct, CValue } from '../../../schemas/generate/c-shape.ts';

/** Statements that print the struct at this expression. */
export function printStruct(at: string, { fields }: CStruct): string[] {
  return [
    'printf("{"); first = true;',
    ...fields.flatMap(({ name, member, value, has }) => {
      const lines = [
        `printf("%s%s:", first ? "" : ",", ${cString(JSON.stringify(name))}); first = false;`,
        ...(value.kind === 'array'
          ? printArray(`${at}.${member}`, `${at}.${member}_count`, value)
          : printValue(`${at}.${member}`, value)),
        'first = false;',
      ];
      return has === undefined ? lines : [`if ((${at}.has & ${has}) != 0) {`, ...lines, '}'];
    }),
    'printf("}");',
  ];
}

let loops = 0;

function printArray(items: string, count: string, { item }: CArray): string[] {
  loops += 1;
  const index = `index_${loops}`;
  return [
    'printf("[");',
    `for (size_t ${index} = 0; ${index} < ${count}; ${index} += 1) {`,
    `if (${index} > 0) printf(",");`,
    ...printValue(`${items}[${index}]`, item),
    '}',
    'printf("]");',
  ];
}

function printValue(at: string, value: CValue): string[] {
  switch (value.kind) {
    case 'number':
    case 'integer':
      return [`printf("%.17g", (double)${at});`];
    case 'boolean':
      return [`printf("%s", ${at} ? "true" : "false");`];
    case 'enum':
      return [`printf("\\"word %d\\"", (int)${at});`];
    case 'string':
      return [`print_text(${at});`];
    case 'object':
      return printStruct(at, value.struct);
    case 'list':
      return printArray(`${at}.items`, `${at}.items_count`, value.array);
    case 'array':
      throw new TypeError('an array in an array has a type of its own');
  }
}
