import { Ajv2020 } from 'ajv/dist/2020.js';
import type { TSchema } from 'typebox';
import { describeError, renderValue, type FieldError } from '../../field-error.ts';
import { escapePointer } from '../../json-pointer.ts';
import { later } from '../values.ts';

/** Checks a part of a request, and fills in the defaults; undefined when it is valid. */
export type RequestCheck = (value: unknown) => FieldError | undefined;

const options = { strict: true, strictRequired: false, ownProperties: true, useDefaults: true } as const;
/** Refuses a value of the wrong type instead of converting it. */
const exact = new Ajv2020(options);
/** Paths, queries and headers are text, from which numbers, booleans and lists with one item are read. */
const reading = new Ajv2020({ ...options, coerceTypes: 'array' });

/** The check of a body. */
export function compileBodyCheck(schema: TSchema): RequestCheck {
  const validate = exact.compile(withoutLater(schema) as object);
  return (value) => (validate(value) ? undefined : describe(validate.errors?.[0], value));
}

/** The check of a path's, a query's or the headers' parameters. */
export function compileParameterCheck(schema: TSchema): RequestCheck {
  const validate = reading.compile(schema);
  const { properties = {} } = schema as { properties?: Record<string, Parameter> };
  return (value) => {
    // The check converts the object in place, so this copy keeps the texts that came for the answer.
    const came = { ...(value as object) };
    const fault = validate(value) ? endless(value as object, came) : describe(validate.errors?.[0], came);
    if (fault === undefined) return undefined;
    const range = rangeOf(properties[fault.path.slice(1)]);
    return range === undefined ? fault : { ...fault, expected: range };
  };
}

/** `1e400` is read as infinity, for which Ajv checks no further rule. */
function endless(read: object, came: object): FieldError | undefined {
  const [name] = Object.entries(read).find(([, value]) => isEndless(value)) ?? [];
  if (name === undefined) return undefined;
  const got = renderValue((came as Record<string, unknown>)[name]);
  return { path: `/${escapePointer(name)}`, keyword: 'type', expected: 'a finite number', got };
}

function isEndless(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(isEndless);
  return typeof value === 'number' && !Number.isFinite(value);
}

/** The schema without the parts that the operation checks itself. */
function withoutLater(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(withoutLater);
  if (typeof schema !== 'object' || schema === null) return schema;
  if (later in schema) return {};
  return Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, withoutLater(value)]));
}

interface Parameter {
  type?: string;
  minimum?: number;
  maximum?: number;
}

/** The whole range of a number, whichever of its rules was broken. */
function rangeOf({ type, minimum = 0, maximum }: Parameter = {}): string | undefined {
  if (type !== 'integer') return undefined;
  if (maximum === undefined) return 'a whole number';
  return `a whole number of ${minimum === 0 ? 'at most' : `${minimum} to`} ${maximum}`;
}

type Fault = Parameters<typeof describeError>[0];

function describe(error: Fault | undefined, value: unknown): FieldError {
  if (error === undefined) throw new Error('a validator refused without an error');
  return describeError(error, value);
}
