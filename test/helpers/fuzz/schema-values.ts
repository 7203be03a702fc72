/** Values of a JSON Schema, and values that nearly are. */

import fc from 'fast-check';
import { hostileJson, hostileName, hostileText } from './hostile-values.ts';
import { mostly } from './mostly.ts';

export interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly examples?: readonly unknown[];
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly properties?: Readonly<Record<string, JsonSchema | false>>;
  readonly required?: readonly string[];
  readonly maxProperties?: number;
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

/**
 * Values that mean something where they are, by the name of the field: the id of a device that is there. `action.name` is the
 * field `name` of a field `action`.
 */
export type Known = Readonly<Record<string, readonly unknown[]>>;

function knownOf(known: Known, name: string, parent: string): readonly unknown[] {
  const own = `${parent}.${name}`;
  if (Object.hasOwn(known, own)) return known[own] ?? [];
  return Object.hasOwn(known, name) ? (known[name] ?? []) : [];
}

/** Most of these fit the schema; one that does not is no fault, it is refused like others. */
export function valuesOf(schema: JsonSchema, known: Known, name = '', parent = ''): fc.Arbitrary<unknown> {
  const made = madeOf(schema, known, name);
  // What is known of a list is known of its elements.
  const there = schema.type === 'array' ? [] : knownOf(known, name, parent);
  if (there.length > 0) return mostly(there, made);
  const { examples = [] } = schema;
  return examples.length === 0 ? made : mostly(made, examples, schema.properties === undefined ? 1 : 4);
}

function madeOf(schema: JsonSchema, known: Known, name: string): fc.Arbitrary<unknown> {
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  if (schema.properties !== undefined) return objectsOf(schema, known, name);
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
      return fc.uniqueArray(valuesOf(schema.items === false ? {} : (schema.items ?? {}), known, name), {
        minLength: schema.minItems ?? 0,
        maxLength: Math.min(schema.maxItems ?? 5, (schema.minItems ?? 0) + 5),
        selector: (value) => JSON.stringify(value),
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

/** Stands where a member that may be left out is left out. */
const absent = Symbol('absent');

/** Of these members an object has exactly one. */
function alternativesOf({ properties = {}, oneOf = [], maxProperties }: JsonSchema): readonly string[] {
  return maxProperties === 1 ? Object.keys(properties) : oneOf.flatMap(({ required = [] }) => required);
}

/** Optional members are there seldom: what they mean together depends on each of them. */
function objectsOf(schema: JsonSchema, known: Known, own: string): fc.Arbitrary<unknown> {
  const { properties = {}, required = [] } = schema;
  const alternatives = alternativesOf(schema);
  const members = Object.entries(properties).flatMap(([name, member]) => {
    if (member === false) return [];
    const values = valuesOf(member, known, name, own);
    const isDue = required.includes(name) || alternatives.includes(name);
    const seldom = knownOf(known, name, own).length > 0 ? 1 : 3;
    return [[name, isDue ? values : mostly<unknown>([absent], values, seldom)] as const];
  });
  const choice = alternatives.length === 0 ? fc.constant(undefined) : fc.constantFrom(...alternatives);
  return fc
    .tuple(fc.record(Object.fromEntries(members), { noNullPrototype: true }), choice)
    .map(([made, chosen]: [Readonly<Record<string, unknown>>, string | undefined]) =>
      Object.fromEntries(
        Object.entries(made).filter(
          ([name, value]) => value !== absent && (name === chosen || !alternatives.includes(name)),
        ),
      ),
    );
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
