import assert from 'node:assert/strict';
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { TSchema } from 'typebox';

const ajv = new Ajv2020({ strict: true, allowUnionTypes: true, allErrors: true });
const compiled = new Map<TSchema, ReturnType<typeof ajv.compile>>();

/**
 * Fails when the value is not what the definition says, or has more than it says: readers may be promised less than
 * they get, but nothing that is sent may be without a definition.
 */
export function assertFits(schema: TSchema, value: unknown, what: string): void {
  const check = compiled.get(schema) ?? ajv.compile(withoutMore(schema) as object);
  compiled.set(schema, check);
  // JSON has no undefined: a member that is undefined is not sent.
  const sent: unknown = JSON.parse(JSON.stringify(value));
  assert.ok(check(sent), `${what}: ${ajv.errorsText(check.errors)}\n${JSON.stringify(sent, undefined, 2)}`);
}

/** The same schema, in which every object with named members has no others. */
export function withoutMore(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(withoutMore);
  if (typeof schema !== 'object' || schema === null) return schema;
  const copy = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, inside(key, value)]));
  const named = copy['type'] === 'object' && copy['properties'] !== undefined;
  return named && copy['additionalProperties'] === undefined
    ? { ...copy, additionalProperties: false }
    : copy;
}

function inside(keyword: string, value: unknown): unknown {
  if (isData(keyword)) return value;
  // Its keys are names of members, one of which may be called as a keyword is.
  if (keyword !== 'properties' || typeof value !== 'object' || value === null) return withoutMore(value);
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, withoutMore(member)]));
}

/** Keywords whose values are no schemas. */
function isData(key: string): boolean {
  return ['examples', 'example', 'default', 'const', 'enum', 'required'].includes(key);
}
