/** The parts from which the resources of the API are built. */

import { Type, type Static, type TSchema, type TUnsafe } from 'typebox';
import { namePattern } from '../limits.ts';

/** A schema with a name in the OpenAPI document, and an example that a test checks with it. */
export function named<Schema extends TSchema>(
  title: string,
  schema: Schema,
  example: NoInfer<Static<Schema>>,
): Schema & { examples: [Static<Schema>] } {
  return Object.assign(schema, { title, examples: [example] as [Static<Schema>] });
}

/** One of a few texts. */
export function choice<const Values extends string[]>(values: readonly [...Values], description?: string) {
  return Type.Enum(values, { type: 'string', ...(description === undefined ? {} : { description }) });
}

/** A read-only list. */
export function list<Item extends TSchema>(items: Item, options: Parameters<typeof Type.Array>[1] = {}) {
  return Type.Immutable(Type.Array(items, options));
}

/** An object whose keys are data. */
export function mapOf<Value extends TSchema>(
  value: Value,
  options: { description?: string; maxProperties?: number } = {},
): TUnsafe<Readonly<Record<string, Static<Value>>>> {
  return Type.Unsafe({ type: 'object', additionalProperties: value, ...options });
}

/** A value, or null where it is not known. */
export function nullable<Value extends TSchema>(value: Value) {
  return Type.Union([value, Type.Null()]);
}

/** An object of a request: a field it does not have is refused. */
export function closed<Properties extends Record<string, TSchema>>(
  properties: Properties,
  options: Record<string, unknown> = {},
) {
  return Type.Object(properties, { additionalProperties: false, ...options });
}

/** How many. */
export function count(description?: string) {
  return Type.Integer({ minimum: 0, ...(description === undefined ? {} : { description }) });
}

/** An id or name, see `namePattern`. */
export function nameOf(description: string) {
  return Type.String({ pattern: namePattern.source, maxLength: 64, description });
}

/** An object that is described elsewhere, such as in a device type. */
export function jsonObject(description: string) {
  return mapOf(Type.Unknown(), { description });
}

/** The last whole second that every store takes: InfluxDB's times are nanoseconds in 64 bits. */
export const lastQueryTimeMs = 9_223_372_036_000;

/** A time in a query to a store. */
export function queryTime(description: string) {
  return Type.Integer({ minimum: 0, maximum: lastQueryTimeMs, description: `${description}, Unix ms` });
}

/** The number after which a page begins, or before which it ends. */
export function cursor(description: string) {
  return Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description });
}

/** A time; readings have fractions of a millisecond. */
export function timeMs(description: string) {
  return Type.Number({ description: `${description}, Unix ms` });
}

/** An answer without a body. */
export const nothing = Type.Void();

/** The mark of `judgedLater`; JSON does not show it. */
export const later = Symbol('judged later');

/**
 * A body, or a field of one, that is described here but checked by the operation itself, so that every interface refuses
 * it in the same words.
 */
export function judgedLater<Schema extends TSchema>(schema: Schema): Schema {
  return Object.assign(copyOf(schema), { [later]: true });
}

/** A parameter or field of a request with a default. */
export function defaulted<Value extends TSchema>(
  value: Value,
  by: NoInfer<Static<Value>>,
): Value & { default: Static<Value> } {
  return Object.assign(copyOf(value), { default: by });
}

/** A query parameter: the most entries of a list. */
export function limitOf(maximum: number, by = 100) {
  return defaulted(Type.Integer({ minimum: 1, maximum, description: 'the maximum number of entries' }), by);
}

/** A copy that keeps the library's own members. The original may be part of other schemas. */
function copyOf<Schema extends TSchema>(schema: Schema): Schema {
  return Object.defineProperties({} as Schema, Object.getOwnPropertyDescriptors(schema));
}
