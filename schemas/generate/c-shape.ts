import type { ObjectDefinition, ScalarDefinition, ValueDefinition } from '../device-type-definition.ts';
import { CodeNames, snakeCase } from './code-names.ts';
import { boundsOf, stepsOf, writtenBounds, type NumberBound, type NumberSteps } from './number-steps.ts';

/** The use of a C type: the device fills it and writes it, or reads it from the hub's parameters. */
export type Direction = 'encode' | 'decode';

export type CValue =
  | { kind: 'number'; steps?: NumberSteps; bounds: readonly NumberBound[] }
  | { kind: 'integer'; type: IntegerType; steps?: NumberSteps; low: number; high: number }
  | { kind: 'boolean' }
  | { kind: 'enum'; type: string; words: readonly string[] }
  | { kind: 'string'; minLength: number; maxLength: number }
  | { kind: 'object'; struct: CStruct }
  | CArray
  | { kind: 'list'; type: string; array: CArray };

export interface CArray {
  kind: 'array';
  item: CValue;
  minItems: number;
  maxItems: number;
}

type IntegerType = 'int32_t' | 'uint32_t' | 'int64_t';

export interface CField {
  /** Its name in JSON. */
  name: string;
  /** Its name in C. */
  member: string;
  title: string;
  value: CValue;
  /** Its bit in `has`, when it may be left out. */
  has?: string;
  /** Its bit in `null`, when it may be null. */
  null?: string;
}

export interface CStruct {
  /** The name of the type: `env_sensor_env`. */
  name: string;
  title: string;
  direction: Direction;
  fields: readonly CField[];
  /** A value must have all fields of at least one of these lists. */
  anyOf: readonly (readonly CField[])[];
  minProperties: number;
  /** The types that this one uses, each before those that use it. */
  parts: readonly CPart[];
}

export interface CEnum {
  enumName: string;
  words: readonly string[];
}

export interface CList {
  listName: string;
  direction: Direction;
  array: CArray;
}

export type CPart = CStruct | CEnum | CList;

const keywords = new Set(
  (
    'auto break case char const continue default do double else enum extern float for goto if inline int long register ' +
    'restrict return short signed sizeof static struct switch typedef union unsigned void volatile while ' +
    // Words of C++ and of the headers, and names of our own members.
    'and asm bool catch class delete explicit export false friend mutable namespace new not operator or private protected ' +
    'public template this throw true try typename using virtual xor has null errno stdin stdout stderr unix linux EOF NULL'
  ).split(' '),
);

function memberName(name: string): string {
  return keywords.has(name) ? `${name}_` : name;
}

/** Makes C types from schemas. One instance makes all types of a device type, so that no two have the same name. */
export class CShapes {
  readonly #names = new CodeNames();

  struct(name: string, definition: ObjectDefinition, direction: Direction): CStruct {
    const type = this.#names.unique(name);
    const parts: CPart[] = [];
    const members = new CodeNames();
    const required = new Set(definition.required);
    const fields = Object.entries(definition.properties ?? {}).map(([key, value]): CField => {
      const member = members.unique(memberName(key));
      const isNullable = 'nullable' in value && value.nullable;
      return {
        name: key,
        member,
        title: titleOf(key, value),
        value: this.#value(`${type}_${snakeCase(key)}`, value, direction, parts),
        ...(required.has(key) ? {} : { has: this.#names.unique(`${type}_has_${key}`.toUpperCase()) }),
        ...(isNullable ? { null: this.#names.unique(`${type}_null_${key}`.toUpperCase()) } : {}),
      };
    });
    const byName = new Map(fields.map((field) => [field.name, field]));
    const anyOf = (definition.anyOf ?? []).map((choice) =>
      choice.required.flatMap((key) => byName.get(key) ?? []),
    );
    const { title = '', minProperties = 0 } = definition;
    return { name: type, title, direction, fields, anyOf, minProperties, parts };
  }

  #value(name: string, definition: ValueDefinition, direction: Direction, parts: CPart[]): CValue {
    switch (definition.type) {
      case 'object': {
        const struct = this.struct(name, definition, direction);
        parts.push(...struct.parts, struct);
        return { kind: 'object', struct };
      }
      case 'array': {
        const { items, minItems = 0, maxItems } = definition;
        const item = this.#value(`${name}_item`, items, direction, parts);
        const array: CArray = {
          kind: 'array',
          item: this.#listed(`${name}_item`, item, direction, parts),
          minItems,
          maxItems,
        };
        return array;
      }
      case 'string':
        return this.#text(name, definition, parts);
      case 'integer': {
        const low = definition.minimum ?? Number.MIN_SAFE_INTEGER;
        const high = definition.maximum ?? Number.MAX_SAFE_INTEGER;
        const steps = stepsOf({ ...definition, minimum: low, maximum: high });
        return {
          kind: 'integer',
          type: integerType(low, high),
          low,
          high,
          ...(steps === undefined ? {} : { steps }),
        };
      }
      case 'number': {
        const steps = stepsOf(definition);
        const bounds = direction === 'encode' ? writtenBounds(definition) : boundsOf(definition);
        return { kind: 'number', bounds, ...(steps === undefined ? {} : { steps }) };
      }
      case 'boolean':
        return { kind: 'boolean' };
    }
  }

  /** An array in an array needs a type of its own, with items and their number. */
  #listed(name: string, item: CValue, direction: Direction, parts: CPart[]): CValue {
    if (item.kind !== 'array') return item;
    const type = this.#names.unique(name);
    parts.push({ listName: type, direction, array: item });
    return { kind: 'list', type, array: item };
  }

  #text(name: string, definition: ScalarDefinition, parts: CPart[]): CValue {
    const words = definition.enum ?? (definition.const === undefined ? undefined : [definition.const]);
    if (words === undefined) {
      const { minLength = 0, maxLength = 0 } = definition;
      return { kind: 'string', minLength, maxLength };
    }
    const type = this.#names.unique(name);
    parts.push({ enumName: type, words });
    return { kind: 'enum', type, words };
  }
}

function titleOf(key: string, value: ValueDefinition): string {
  const { title = key } = value;
  const unit = 'unit' in value ? value.unit : undefined;
  return unit === undefined ? title : `${title}, ${unit}`;
}

function integerType(low: number, high: number): IntegerType {
  if (low >= -(2 ** 31) && high < 2 ** 31) return 'int32_t';
  if (low >= 0 && high < 2 ** 32) return 'uint32_t';
  return 'int64_t';
}
