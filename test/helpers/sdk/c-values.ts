/** Values of a generated C struct, right ones and wrong ones, as C initializers and as what JSON should say of them. */

import fc from 'fast-check';
import { cString } from '../../../schemas/generate/c-declarations.ts';
import type { CArray, CField, CStruct, CValue } from '../../../schemas/generate/c-shape.ts';

/** The same value twice. */
export interface Twin {
  c: string;
  json: unknown;
}

/** 15 digits, as many as the SDK writes. */
function rounded(value: number): number {
  return Number(value.toPrecision(15));
}

export function structValues({ fields }: CStruct): fc.Arbitrary<Twin> {
  const members = fields.map((field) => fieldValues(field));
  return fc.tuple(...members).map((parts) => {
    const bits = parts.flatMap(({ bit }) => bit ?? []).join(' | ');
    const nulls = parts.flatMap(({ nullBit }) => nullBit ?? []).join(' | ');
    const set = [
      ...(fields.some(({ has }) => has !== undefined) ? [`.has = ${bits === '' ? '0' : bits}`] : []),
      ...(fields.some((field) => field.null !== undefined) ? [`.null = ${nulls === '' ? '0' : nulls}`] : []),
      ...parts.flatMap(({ c }) => (c === '' ? [] : [c])),
    ];
    return {
      c: `{${set.length === 0 ? '0' : set.join(', ')}}`,
      json: Object.fromEntries(parts.flatMap(({ entry }) => (entry === undefined ? [] : [entry]))),
    };
  });
}

interface Part {
  c: string;
  entry?: [string, unknown];
  bit?: string;
  nullBit?: string;
}

function fieldValues({ name, member, value, has, null: nullable }: CField): fc.Arbitrary<Part> {
  const there = membersOf(member, value).map(({ c, json }): Part => ({
    c,
    entry: [name, json],
    ...(has === undefined ? {} : { bit: has }),
  }));
  const choices = [{ weight: 8, arbitrary: there }];
  if (has !== undefined) choices.push({ weight: 2, arbitrary: fc.constant({ c: '' }) });
  if (nullable !== undefined) {
    const isNull: Part = {
      c: '',
      entry: [name, null],
      nullBit: nullable,
      ...(has === undefined ? {} : { bit: has }),
    };
    choices.push({ weight: 1, arbitrary: fc.constant(isNull) });
    if (value.kind === 'number')
      choices.push({ weight: 1, arbitrary: fc.constant(notANumber(isNull, member)) });
  }
  return fc.oneof(...choices);
}

function notANumber({ entry, bit }: Part, member: string): Part {
  return {
    c: `.${member} = NAN`,
    ...(entry === undefined ? {} : { entry }),
    ...(bit === undefined ? {} : { bit }),
  };
}

function membersOf(member: string, value: CValue): fc.Arbitrary<Twin> {
  if (value.kind !== 'array') {
    return valuesOf(value).map(({ c, json }) => ({ c: `.${member} = ${c}`, json }));
  }
  return arraysOf(value).map(({ items, json }) => ({
    c: `.${member} = ${items}, .${member}_count = ${json.length}`,
    json,
  }));
}

function arraysOf({ item, minItems, maxItems }: CArray): fc.Arbitrary<{ items: string; json: unknown[] }> {
  const type = itemType(item);
  return fc
    .array(valuesOf(item), { minLength: Math.max(0, minItems - 1), maxLength: maxItems + 1 })
    .map((parts) => ({
      items: parts.length === 0 ? 'NULL' : `(${type}[]){${parts.map(({ c }) => c).join(', ')}}`,
      json: parts.map(({ json }) => json),
    }));
}

function itemType(item: CValue): string {
  switch (item.kind) {
    case 'number':
      return 'double';
    case 'boolean':
      return 'bool';
    case 'string':
      return 'const char *const';
    case 'object':
      return item.struct.name;
    case 'integer':
    case 'enum':
    case 'list':
      return item.type;
    case 'array':
      throw new TypeError('an array in an array has a type of its own');
  }
}

const ranges = {
  int32_t: [-(2 ** 31), 2 ** 31 - 1],
  uint32_t: [0, 2 ** 32 - 1],
  int64_t: [-(2 ** 62), 2 ** 62],
} as const;

function valuesOf(value: CValue): fc.Arbitrary<Twin> {
  switch (value.kind) {
    case 'number':
      return numbersOf(value).map((json) => ({
        c: `${json}${Number.isInteger(json) && !String(json).includes('e') ? '.0' : ''}`,
        json,
      }));
    case 'integer': {
      const [least, most] = ranges[value.type];
      const near = fc.maxSafeInteger().map((offset) => offset % 5);
      const edges = fc
        .tuple(fc.constantFrom(value.low, value.high), near)
        .map(([edge, offset]) => edge + offset);
      const inside = fc.integer({ min: Math.max(value.low, -(2 ** 52)), max: Math.min(value.high, 2 ** 52) });
      return (
        fc
          .oneof({ weight: 6, arbitrary: inside }, { weight: 1, arbitrary: edges })
          .map((number) => Math.min(Math.max(number, least), most))
          // INT64_C of the least number there is would be an operation on one that is not.
          .map((json) => ({ c: json === -(2 ** 31) ? 'INT32_MIN' : `INT64_C(${BigInt(json)})`, json }))
      );
    }
    case 'boolean':
      return fc.boolean().map((json) => ({ c: String(json), json }));
    case 'enum':
      return fc
        .nat(value.words.length * 10)
        .map((at) => (at < value.words.length * 10 - 1 ? at % value.words.length : value.words.length))
        .map((at) => ({ c: `(${value.type})${at}`, json: value.words[at] ?? 'no such word' }));
    case 'string':
      return fc
        .string({ unit: 'grapheme-composite', minLength: 0, maxLength: Math.min(value.maxLength + 1, 12) })
        .filter((text) => !text.includes('\0') && text.isWellFormed())
        .map((json) => ({ c: cString(json), json }));
    case 'object':
      return structValues(value.struct);
    case 'list':
      return arraysOf(value.array).map(({ items, json }) => ({
        c: `{.items = ${items}, .items_count = ${json.length}}`,
        json,
      }));
    case 'array':
      throw new TypeError('an array in an array has a type of its own');
  }
}

function numbersOf({ bounds, steps }: Extract<CValue, { kind: 'number' }>): fc.Arbitrary<number> {
  const edge = (signs: string, otherwise: number): number =>
    bounds.find(({ refusedWhen }) => refusedWhen.startsWith(signs))?.bound ?? otherwise;
  const [low, high] = [edge('<', -1e12), edge('>', 1e12)];
  const inside = fc.double({ min: low, max: high, noNaN: true });
  const edges = fc
    .tuple(fc.constantFrom(low, high), fc.constantFrom(-1, -1e-6, 0, 1e-6, 1))
    .map(([from, by]) => from + by);
  const halves = fc.integer({ min: -1000, max: 1000 }).map((count) => (count / 2) * (steps?.step ?? 0.01));
  const any = bounds.length === 0 ? [fc.double({ noNaN: true, noDefaultInfinity: true })] : [];
  return fc
    .oneof(
      { weight: 12, arbitrary: inside },
      { weight: 2, arbitrary: halves },
      { weight: 1, arbitrary: edges },
      ...any,
    )
    .map(rounded)
    .filter((value) => Number.isFinite(value) && (steps === undefined || Math.abs(value) < 1e12));
}
