import type { CArray, CField, CPart, CStruct, CValue, Direction } from './c-shape.ts';

import type { NumberSteps } from './number-steps.ts';

/** Types in the header: enums, structs, bits for optional fields, sizes. */

export function declarePart(part: CPart): string[] {
  if ('enumName' in part) {
    const words = part.words.map(
      (word, index) => `  ${wordName(part.enumName, index, part.words)} = ${index}`,
    );
    return [`typedef enum {`, words.join(',\n'), `} ${part.enumName};`, ''];
  }
  if ('listName' in part) {
    return [
      'typedef struct {',
      ...declareArray('items', part.array, part.direction),
      `} ${part.listName};`,
      '',
    ];
  }
  return declareStruct(part);
}

/** `SMART_VALVE_FLOW_MODE_MANUAL`. Words that C cannot spell, or would spell alike, get a number instead. */
function wordName(type: string, index: number, words: readonly string[]): string {
  const spelt = words.map((word) => word.toUpperCase().replace(/[^A-Z0-9]+/g, '_'));
  const own = spelt[index] ?? '';
  const isAlone = spelt.indexOf(own) === spelt.lastIndexOf(own) && /[A-Z0-9]/.test(own);
  return `${type.toUpperCase()}_${isAlone ? own : `WORD_${index}`}`;
}

export function declareStruct(struct: CStruct): string[] {
  const optional = struct.fields.filter(({ has }) => has !== undefined);
  const nullable = struct.fields.filter((field) => field.null !== undefined);
  const bits = [...optional.map(({ has }) => has), ...nullable.map((field) => field.null)];
  const lines = [
    ...(struct.title === '' ? [] : [comment(struct.title)]),
    ...bits.map((name, index) => {
      const bit = index < optional.length ? index : index - optional.length;
      return `#define ${name} ${literalBit(bit)}`;
    }),
    'typedef struct {',
    ...(optional.length === 0
      ? []
      : [
          '  /* Which of the fields that may be left out are there. */',
          `  ${maskType(optional.length)} has;`,
        ]),
    ...(nullable.length === 0
      ? []
      : ['  /* Which fields are null. */', `  ${maskType(nullable.length)} null;`]),
    ...struct.fields.flatMap((field) => declareField(field, struct.direction)),
    // C has no empty struct.
    ...(struct.fields.length === 0 ? ['  char nothing;'] : []),
    `} ${struct.name};`,
  ];
  if (struct.direction === 'encode') {
    lines.push(`/* The longest JSON there can be, with its NUL. */`);
    lines.push(`#define ${struct.name.toUpperCase()}_MAX ${longestStruct(struct) + 1}`);
  }
  return [...lines, ''];
}

function literalBit(bit: number): string {
  return bit < 16 ? `(1u << ${bit})` : bit < 32 ? `(UINT32_C(1) << ${bit})` : `(UINT64_C(1) << ${bit})`;
}

export function maskType(bits: number): string {
  return bits <= 8 ? 'uint8_t' : bits <= 16 ? 'uint16_t' : bits <= 32 ? 'uint32_t' : 'uint64_t';
}

function declareField({ member, name, title, value }: CField, direction: Direction): string[] {
  const lines =
    value.kind === 'array'
      ? declareArray(member, value, direction)
      : [`  ${declarator(member, value, direction)};`];
  return title === name ? lines : [`  ${comment(title)}`, ...lines];
}

function declareArray(member: string, { item, maxItems }: CArray, direction: Direction): string[] {
  const count = `  size_t ${member}_count;`;
  if (direction === 'decode') return [`  ${declarator(`${member}[${maxItems}]`, item, direction)};`, count];
  const pointer =
    item.kind === 'string'
      ? `const char *const *${member}`
      : `const ${declarator(`*${member}`, item, direction)}`;
  return [`  ${pointer};`, count];
}

function declarator(name: string, value: CValue, direction: Direction): string {
  switch (value.kind) {
    case 'number':
      return `double ${name}`;
    case 'integer':
      return `${value.type} ${name}`;
    case 'boolean':
      return `bool ${name}`;
    case 'enum':
    case 'list':
      return `${value.type} ${name}`;
    case 'string':
      // A character has up to four bytes.
      return direction === 'encode' ? `const char *${name}` : `char ${name}[${value.maxLength * 4 + 1}]`;
    case 'object':
      return `${value.struct.name} ${name}`;
    case 'array':
      throw new TypeError(`${name} is an array in an array, which has a type of its own`);
  }
}

export function comment(text: string): string {
  // A title may contain anything, and `*/` would end the comment.
  return `/* ${text.replaceAll(/[^\x20-\x7e]+/g, ' ').replaceAll('*/', '* /')} */`;
}

export function cString(text: string): string {
  const bytes = [...Buffer.from(text, 'utf8')];
  const escaped = bytes.map((byte) => {
    const character = String.fromCharCode(byte);
    // Always three octal digits: a hexadecimal escape would also take a digit that follows it.
    if (byte < 0x20 || byte > 0x7e) return `\\${byte.toString(8).padStart(3, '0')}`;
    return character === '"' || character === '\\' || character === '?' ? `\\${character}` : character;
  });
  return `"${escaped.join('')}"`;
}

/** `{"a":1,"b":2}` */
function longestStruct({ fields }: CStruct): number {
  const members = fields.map(({ name, value, null: nullable }) => {
    const longest = Math.max(longestValue(value), nullable === undefined ? 0 : 4);
    return name.length + 3 + longest;
  });
  return 2 + members.reduce((sum, length) => sum + length, 0) + Math.max(0, fields.length - 1);
}

function longestValue(value: CValue): number {
  switch (value.kind) {
    case 'number':
      // -1.23456789012345e-300
      return value.steps === undefined ? 23 : longestSteps(value.steps);
    case 'integer':
      return Math.max(String(value.low).length, String(value.high).length);
    case 'boolean':
      return 5;
    case 'enum':
      return Math.max(...value.words.map((word) => Buffer.byteLength(JSON.stringify(word))));
    case 'string':
      // At worst each character is written as \u001f.
      return value.maxLength * 6 + 2;
    case 'object':
      return longestStruct(value.struct);
    case 'array':
      return 2 + value.maxItems * longestValue(value.item) + Math.max(0, value.maxItems - 1);
    case 'list':
      return longestValue(value.array);
  }
}

function longestSteps({ lowest, highest, unit, decimals }: NumberSteps): number {
  const lengths = [lowest, highest].map((count) => {
    const digits = Math.max(String(Math.abs(count * unit)).length, decimals + 1);
    return digits + (decimals > 0 ? 1 : 0) + (count < 0 ? 1 : 0);
  });
  // A small negative number between the bounds needs a sign too.
  const signed = lowest < 0 ? 2 + decimals + 1 : 0;
  return Math.max(...lengths, signed);
}
