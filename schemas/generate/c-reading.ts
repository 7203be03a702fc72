import { cString, maskType } from './c-declarations.ts';
import type { CArray, CField, CStruct, CValue } from './c-shape.ts';
import { boundChecks, lengthChecks, refuseIf } from './c-writing.ts';

import { boundsOf } from './number-steps.ts';

/** Functions that read JSON into a struct and check it by the rules of its schema. */

const reserve = (level: number): string => '  '.repeat(level);

/** `static bool read_T(reader, value, fault)` */
export function readFunction(struct: CStruct): string[] {
  const { fields } = struct;
  const optional = fields.filter(({ has }) => has !== undefined);
  const cases = fields.map((field, index) => [
    `    ${index === 0 ? '' : '} else '}if (hub_equal(name, ${cString(field.name)})) {`,
    ...readField(field),
    `      seen |= ${bitOf(index, fields.length)};`,
  ]);
  const refusal = 'return hub_refuse(fault, "", "additionalProperties");';
  const body =
    fields.length === 0 ? [`    ${refusal}`] : [...cases.flat(), '    } else {', `      ${refusal}`, '    }'];
  const required = fields.flatMap((field, index) =>
    field.has === undefined
      ? [refuseIf('  ', `(seen & ${bitOf(index, fields.length)}) == 0`, field.name, 'required')]
      : [],
  );
  // Sets every member, also those that are left out, so that the compiler does not warn.
  const clear = fields.length === 0 ? '  value->nothing = 0;' : `  *value = (${struct.name}){0};`;
  return [
    `static bool read_${struct.name}(hub_reader *reader, ${struct.name} *value, hub_fault *fault) {`,
    '  char name[66];',
    '  bool first = true;',
    ...(fields.length === 0 ? [] : [`  ${maskType(fields.length)} seen = 0;`]),
    clear,
    '  if (!hub_read_open(reader, \'{\')) return hub_refuse(fault, "", "type");',
    '  while (hub_read_name(reader, &first, name, sizeof name)) {',
    ...body,
    '  }',
    '  if (reader->bad) return hub_refuse(fault, "", "json");',
    ...required,
    ...optional.map((field) => {
      const index = fields.indexOf(field);
      return `  if ((seen & ${bitOf(index, fields.length)}) != 0) value->has |= ${field.has ?? ''};`;
    }),
    ...choiceChecks(struct),
    '  return true;',
    '}',
    '',
  ];
}

export function decodeFunction({ name }: CStruct): { prototype: string; lines: string[] } {
  const prototype = `bool ${name}_decode_json(${name} *value, const char *json, size_t length, hub_fault *fault)`;
  return {
    prototype,
    lines: [
      `${prototype} {`,
      '  hub_reader reader;',
      '  hub_reader_begin(&reader, json, length);',
      `  if (!read_${name}(&reader, value, fault)) return false;`,
      '  return hub_reader_end(&reader) ? true : hub_refuse(fault, "", "json");',
      '}',
      '',
    ],
  };
}

function bitOf(index: number, count: number): string {
  const constant = count <= 16 ? `1u` : count <= 32 ? 'UINT32_C(1)' : 'UINT64_C(1)';
  return `(${constant} << ${index})`;
}

function choiceChecks({ anyOf, fields, minProperties }: CStruct): string[] {
  const bit = (field: CField): string => bitOf(fields.indexOf(field), fields.length);
  const lines: string[] = [];
  if (anyOf.length > 0) {
    const choices = anyOf.map(
      (choice) => `(${choice.map((field) => `(seen & ${bit(field)}) != 0`).join(' && ')})`,
    );
    lines.push(refuseIf('  ', `!(${choices.join(' || ')})`, '', 'anyOf'));
  }
  if (minProperties > 0) {
    const counted = fields.map((field) => `((seen & ${bit(field)}) != 0 ? 1 : 0)`).join(' + ');
    lines.push(refuseIf('  ', `${counted} < ${minProperties}`, '', 'minProperties'));
  }
  return lines;
}

function readField({ name, member, value }: CField): string[] {
  if (value.kind === 'array') return readArray(`value->${member}`, `value->${member}_count`, value, name, 3);
  return readValue(`value->${member}`, value, name, 3);
}

function readArray(items: string, count: string, array: CArray, field: string, level: number): string[] {
  const pad = reserve(level);
  const first = `first_${level}`;
  return [
    refuseIf(pad, "!hub_read_open(reader, '[')", field, 'type'),
    `${pad}${count} = 0;`,
    `${pad}for (bool ${first} = true; hub_read_item(reader, &${first}); ${count} += 1) {`,
    refuseIf(`${pad}  `, `${count} >= ${array.maxItems}`, field, 'maxItems'),
    ...readValue(`${items}[${count}]`, array.item, field, level + 1),
    `${pad}}`,
    refuseIf(pad, 'reader->bad', field, 'json'),
    ...(array.minItems > 0 ? [refuseIf(pad, `${count} < ${array.minItems}`, field, 'minItems')] : []),
  ];
}

function readValue(target: string, value: CValue, field: string, level: number): string[] {
  const pad = reserve(level);
  switch (value.kind) {
    case 'number':
      return [
        refuseIf(pad, `!hub_read_number(reader, &${target}, NULL)`, field, 'type'),
        ...boundChecks(target, value.bounds, field, pad),
      ];
    case 'integer':
      return [
        `${pad}double number;`,
        `${pad}bool whole;`,
        refuseIf(pad, '!hub_read_number(reader, &number, &whole) || !whole', field, 'type'),
        ...boundChecks(
          'number',
          boundsOf({ type: 'integer', minimum: value.low, maximum: value.high }),
          field,
          pad,
        ),
        `${pad}${target} = (${value.type})number;`,
      ];
    case 'boolean':
      return [refuseIf(pad, `!hub_read_boolean(reader, &${target})`, field, 'type')];
    case 'enum': {
      // One byte more than the longest word: a longer text cannot be one of them.
      const size = Math.max(...value.words.map((word) => Buffer.byteLength(word))) + 1;
      return [
        `${pad}char word[${size}];`,
        `${pad}unsigned found = 0;`,
        refuseIf(pad, 'hub_read_kind(reader) != HUB_JSON_STRING', field, 'type'),
        refuseIf(pad, '!hub_read_string(reader, word, sizeof word)', field, 'enum'),
        `${pad}while (found < ${value.words.length}u && !hub_equal(word, ${value.type}_words[found])) found += 1;`,
        refuseIf(pad, `found == ${value.words.length}u`, field, 'enum'),
        `${pad}${target} = (${value.type})found;`,
      ];
    }
    case 'string':
      return [
        refuseIf(pad, 'hub_read_kind(reader) != HUB_JSON_STRING', field, 'type'),
        refuseIf(pad, `!hub_read_string(reader, ${target}, sizeof ${target})`, field, 'maxLength'),
        ...lengthChecks(target, value, field, pad),
      ];
    case 'object':
      return [`${pad}if (!read_${value.struct.name}(reader, &${target}, fault)) return false;`];
    case 'list':
      return readArray(`${target}.items`, `${target}.items_count`, value.array, field, level);
    case 'array':
      throw new TypeError(`${field} is an array in an array, which has a type of its own`);
  }
}
