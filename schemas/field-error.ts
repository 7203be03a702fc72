import type { ErrorObject } from 'ajv/dist/2020.js';
import { cutText } from './cut-text.ts';
import type { FieldError } from './api/refusal.ts';
import { limits } from './limits.ts';
import { escapePointer, ownMember, valueAt } from './json-pointer.ts';

export type { FieldError };

/** Judges a value: undefined when it is valid. Never throws, and never recurses into the value. */
export type Check = (value: unknown) => FieldError | undefined;

const maxGot = 64;
const maxExpected = 200;
const maxName = 64;

/** A value in at most 64 characters. Containers are shown by kind and size, so the cost does not grow with the value. */
export function renderValue(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (typeof value === 'string') return shorten(JSON.stringify(cutText(value, maxGot)), maxGot);
  if (Array.isArray(value)) return `array of ${value.length}`;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return typeof value;
}

/** The rule and the value, to follow the name of a field: `must be >= 1; it is 0`. */
export function ruleText({ expected, got }: Pick<FieldError, 'expected' | 'got'>): string {
  return `must be ${expected}; it is ${got}`;
}

/**
 * A fault as one sentence, worded the same everywhere: `/seconds must be >= 1; it is 0`.
 * @param whole names the value when the value itself, and none of its fields, is at fault
 */
export function faultText(fault: Pick<FieldError, 'path' | 'expected' | 'got'>, whole = 'it'): string {
  return `${fault.path === '' ? whole : fault.path} ${ruleText(fault)}`;
}

/**
 * One Ajv error in our words.
 * @param error from a validator compiled without `verbose`
 * @param root the value that was validated; the faulty part is looked up in it
 */
export function describeError(error: ErrorObject, root: unknown): FieldError {
  const member = memberOf(error);
  const path =
    member === undefined
      ? error.instancePath
      : `${error.instancePath}/${escapePointer(shorten(member, maxName))}`;
  const holder = valueAt(root, error.instancePath);
  const value = member === undefined ? holder : ownMember(holder, member);
  const keyword = error.propertyName === undefined ? keywordOf(error) : 'propertyNames';
  const got = error.propertyName === undefined ? renderValue(value) : renderValue(error.propertyName);
  return { path: shortPath(path), keyword, expected: shorten(expectation(error, value), maxExpected), got };
}

/** The member that an error is about, when it is not about the value at `instancePath` itself. */
function memberOf(error: ErrorObject): string | undefined {
  const { params } = error;
  const member: unknown =
    error.propertyName ??
    params['missingProperty'] ??
    params['additionalProperty'] ??
    params['unevaluatedProperty'] ??
    params['propertyName'];
  return typeof member === 'string' ? member : undefined;
}

function keywordOf(error: ErrorObject): string {
  return error.keyword === 'false schema' ? 'false' : error.keyword;
}

function expectation(error: ErrorObject, value: unknown): string {
  const { params } = error;
  switch (error.keyword) {
    case 'type':
      if (typeof value === 'number' && !Number.isFinite(value)) return 'a finite number';
      return String(params['type']);
    case 'minimum':
    case 'maximum':
    case 'exclusiveMinimum':
    case 'exclusiveMaximum':
      return `${params['comparison']} ${params['limit']}`;
    case 'minLength':
      return `at least ${params['limit']} characters`;
    case 'maxLength':
      return `at most ${params['limit']} characters`;
    case 'minItems':
      return `at least ${params['limit']} items`;
    case 'maxItems':
      return `at most ${params['limit']} items`;
    case 'minProperties':
      return `at least ${params['limit']} fields`;
    case 'maxProperties':
      return `at most ${params['limit']} fields`;
    case 'enum':
      return `one of ${listOf(params['allowedValues'])}`;
    case 'const':
      return renderValue(params['allowedValue']);
    case 'anyOf':
      return `at least one of ${params['names']}`;
    case 'pattern':
      return `a text like ${params['pattern']}`;
    case 'required':
    case 'dependentRequired':
      return 'present';
    case 'additionalProperties':
      return 'no field of this name';
    case 'false schema':
      return 'absent';
    case 'not':
      return 'a name that is not taken';
    default:
      return error.message ?? error.keyword;
  }
}

function listOf(values: unknown): string {
  return Array.isArray(values)
    ? values.map((value) => (typeof value === 'string' ? value : renderValue(value))).join(', ')
    : '';
}

/** Cuts a path to the length that a field error may have: a sender may choose names of any length. */
export function shortPath(path: string): string {
  return shorten(path, limits.path);
}

function shorten(text: string, length: number): string {
  return text.length <= length ? text : `${cutText(text, length - 1)}…`;
}
