/** Values of a JSON Schema, and values that nearly are. */

import fc from 'fast-check';
import { hostileJson, hostileName, hostileText } from './hostile-values.ts';

export interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly examples?: readonly unknown[];
  readonly anyOf?: readonly JsonSchema[];
  readonly properties?: Readonly<Record<string, JsonSchema | false>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | JsonSchema;
  readonly items?: JsonSchema | false;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
}

/** Values that mean something where they are, by the name of the field: the id of a device that is there. */
export type Known = Readonly<Record<string, readonly unknown[]>>;

/** Most of these fit the schema; one that does not is no fault, it is refused like others. */
export function valuesOf(schema: JsonSchema, known: Known, name = ''): fc.Arbitrary<unknown> {
  const there = Object.hasOwn(known, name) ? (known[name] ?? []) : [];
  const made = madeOf(schema, known, name);
  const hints = [...there, ...(schema.examples ?? [])];
  return hints.length === 0
    ? made
    : fc.oneof({ weight: 2, arbitrary: fc.constantFrom(...hints) }, { weight: 1, arbitrary: made });
}

function madeOf(schema: JsonSchema, known: Known, name: string): fc.Arbitrary<unknown> {
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  if (schema.properties !== undefined) return objectsOf(schema, known);
  if (schema.anyOf !== undefined)
    return fc.oneof(...schema.anyOf.map((either) => valuesOf(either, known, name)));
  const [type = 'unknown'] = [schema.type ?? 'unknown'].flat();
  switch (type) {
    case 'string':
      return textsOf(schema);
    case 'integer':
      return fc.integer(within(schema, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER));
    case 'number':
      return fc.double({ ...within(schema, -1e9, 1e9), noNaN: true });
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    case 'array':
      return fc.array(valuesOf(schema.items === false ? {} : (schema.items ?? {}), known, name), {
        minLength: schema.minItems ?? 0,
        maxLength: Math.min(schema.maxItems ?? 5, (schema.minItems ?? 0) + 5),
      });
    case 'object':
      return fc.dictionary(
        fc.string({ minLength: 1, maxLength: 8 }),
        typeof schema.additionalProperties === 'object'
          ? valuesOf(schema.additionalProperties, known)
          : fc.jsonValue({ maxDepth: 1 }),
        { maxKeys: 3 },
      );
    default:
      return fc.oneof(hostileJson, fc.jsonValue({ maxDepth: 2 }));
  }
}

function within({ minimum, maximum }: JsonSchema, least: number, most: number): { min: number; max: number } {
  const min = Math.max(minimum ?? least, Number.MIN_SAFE_INTEGER);
  return { min, max: Math.max(min, maximum ?? most) };
}

function textsOf({ pattern, minLength = 0, maxLength }: JsonSchema): fc.Arbitrary<string> {
  if (pattern !== undefined) return fc.stringMatching(new RegExp(pattern), { size: 'small' });
  const plain = fc.string({ minLength, maxLength: Math.min(maxLength ?? 20, minLength + 20) });
  // A text that the schema lets pass is what the code behind it gets to see.
  const fitting = hostileText.map((text) => text.slice(0, maxLength).padEnd(minLength, 'x'));
  return fc.oneof({ weight: 1, arbitrary: plain }, { weight: 2, arbitrary: fitting });
}

function objectsOf({ properties = {}, required = [] }: JsonSchema, known: Known): fc.Arbitrary<unknown> {
  const members = Object.entries(properties).flatMap(([name, member]) =>
    member === false ? [] : [[name, valuesOf(member, known, name)] as const],
  );
  return fc.record(Object.fromEntries(members), {
    requiredKeys: required.filter((name) => Object.hasOwn(properties, name)),
    noNullPrototype: true,
  });
}

interface Change {
  /** Which of all places in the value, counted round. */
  place: number;
  how: 'replaced' | 'left out' | 'wrapped' | 'named';
  by: unknown;
  name: string;
}

const change: fc.Arbitrary<Change> = fc.record({
  place: fc.nat(50),
  how: fc.constantFrom('replaced', 'left out', 'wrapped', 'named'),
  by: hostileJson,
  name: hostileName,
});

/** Such a value with one place changed: most checks are passed, one is not. */
export function nearly(values: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  return fc.tuple(values, change).map(([value, how]) => changed(structuredClone(value), how));
}

/** Every place of a value: the value itself, and each member and element of it, however deep. */
function placesOf(holder: Record<string, unknown>, name: string): [Record<string, unknown>, string][] {
  const value = holder[name];
  if (typeof value !== 'object' || value === null) return [[holder, name]];
  const inside = value as Record<string, unknown>;
  return [[holder, name], ...Object.keys(inside).flatMap((inner) => placesOf(inside, inner))];
}

function changed(value: unknown, { place, how, by, name }: Change): unknown {
  const holder: Record<string, unknown> = { value };
  const places = placesOf(holder, 'value');
  const [inside, at] = places[place % places.length] ?? [holder, 'value'];
  const old = inside[at];
  if (how === 'left out') Reflect.deleteProperty(inside, at);
  else if (how === 'wrapped') inside[at] = [old];
  else if (how === 'named' && typeof old === 'object' && old !== null && !Array.isArray(old))
    Object.defineProperty(old, name, { value: by, enumerable: true, configurable: true, writable: true });
  else inside[at] = by;
  return holder['value'];
}

/** Values of the schema, values nearly of it, and anything else. */
export function attempts(schema: JsonSchema, known: Known): fc.Arbitrary<unknown> {
  const values = valuesOf(schema, known);
  return fc.oneof(
    { weight: 6, arbitrary: values },
    { weight: 3, arbitrary: nearly(values) },
    { weight: 1, arbitrary: hostileJson },
  );
}

/** JSON text, sometimes spoilt in a way that only text can be. */
export function jsonTexts(values: fc.Arbitrary<unknown>): fc.Arbitrary<string> {
  const text = values.map((value) => JSON.stringify(value) ?? '');
  return fc.oneof(
    { weight: 20, arbitrary: text },
    { weight: 1, arbitrary: fc.tuple(text, fc.nat(200)).map(([whole, at]) => whole.slice(0, at)) },
    {
      weight: 1,
      arbitrary: fc
        .tuple(text, fc.nat(200), fc.string({ unit: 'binary', minLength: 1, maxLength: 3 }))
        .map(([whole, at, more]) => `${whole.slice(0, at)}${more}${whole.slice(at)}`),
    },
    { weight: 1, arbitrary: text.map((whole) => `\ufeff${whole}`) },
    { weight: 1, arbitrary: text.map((whole) => whole.replace(/^\{(?="(\w+)":)/, '{"$1":1e999,')) },
    { weight: 1, arbitrary: fc.nat(20_000).map((levels) => `${'['.repeat(levels)}${']'.repeat(levels)}`) },
  );
}
