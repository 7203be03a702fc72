import { Validator, type OutputUnit } from '@cfworker/json-schema';
import {
  withSafeIntegers,
  type ObjectDefinition,
  type ValueDefinition,
} from '../../../../schemas/device-type-definition.ts';
import { describeError, type FieldError } from '../../../../schemas/field-error.ts';
import { valueAt } from '../../../../schemas/json-pointer.ts';
import { readDraft, type Draft } from './params-draft.ts';

export interface CheckedParams {
  readonly params: Readonly<Record<string, unknown>>;
  /** At most one a field, in the order of the fields; none: the hub will find the params right, too. */
  readonly faults: readonly FieldError[];
}

/** Units of the validator that only say that something further inside is wrong. */
const containers: ReadonlySet<string> = new Set(['properties', 'items']);
/** Keywords that look at which fields are there. */
const counting: ReadonlySet<string> = new Set(['anyOf', 'minProperties']);
/** Keywords whose value is the bound, with the sign in front of it. */
const comparisons: Readonly<Record<string, string>> = {
  minimum: '>=',
  maximum: '<=',
  exclusiveMinimum: '>',
  exclusiveMaximum: '<',
};

/**
 * Judges a form by the command's own schema (JSON Schema 2020-12), as the hub will, and says what is wrong in the
 * hub's words. The schema is interpreted: nothing is compiled, as the page's Content-Security-Policy demands.
 */
export function checkParams(definition: ObjectDefinition, draft: Draft): CheckedParams {
  const read = readDraft(definition, draft, true);
  const params = (read.value ?? {}) as Record<string, unknown>;
  const bounded = withSafeIntegers(definition);
  const validator = new Validator(bounded, '2020-12', false);
  const broken = validator
    .validate(params)
    .errors.flatMap((unit) => describeUnit(bounded, unit, params))
    // An unreadable value is reported already, and is missing only for that reason.
    .filter(
      ({ path, keyword }) =>
        !read.faults.some(
          (fault) => fault.path === path || (counting.has(keyword) && fault.path.startsWith(`${path}/`)),
        ),
    );
  const byPath = new Map<string, FieldError>();
  for (const fault of [...read.faults, ...broken]) {
    if (!byPath.has(fault.path)) byPath.set(fault.path, fault);
  }
  return { params, faults: [...byPath.values()].toSorted(byPlace(definition)) };
}

function describeUnit(definition: ObjectDefinition, unit: OutputUnit, params: object): FieldError[] {
  const { keyword } = unit;
  const keywordPath = unit.keywordLocation.slice(1);
  if (containers.has(keyword) || isInsideChoice(keywordPath)) return [];
  const instancePath = unit.instanceLocation.slice(1);
  const limit = valueAt(definition, keywordPath);
  const error = { keyword, instancePath, schemaPath: unit.keywordLocation, message: unit.error };
  if (keyword === 'required') {
    const [, missingProperty] = /"(.*)"/.exec(unit.error) ?? [];
    return [describeError({ ...error, params: { missingProperty } }, params)];
  }
  return [describeError({ ...error, params: wordsFor(keyword, limit) }, params)];
}

/** The parts of a keyword that `describeError` needs, with Ajv's names. */
function wordsFor(keyword: string, limit: unknown): Record<string, unknown> {
  const comparison = comparisons[keyword];
  if (comparison !== undefined) return { comparison, limit };
  if (keyword === 'enum') return { allowedValues: limit };
  if (keyword === 'const') return { allowedValue: limit };
  if (keyword === 'type') return { type: limit };
  if (keyword !== 'anyOf') return { limit };
  const choices = (limit as { required: string[] }[]).map(({ required }) => required.join(' with '));
  return { names: choices.join(', ') };
}

/** Whether a keyword is inside one of the choices of an `anyOf`: the message is then about the choice. */
function isInsideChoice(keywordPath: string): boolean {
  const tokens = keywordPath.split('/').slice(1);
  for (let at = 0; at < tokens.length - 1; at++) {
    if (tokens[at] === 'anyOf') return true;
    if (tokens[at] === 'properties') at++;
  }
  return false;
}

/** Faults in the order in which a form shows the fields, those of a list or object itself before what is in it. */
function byPlace(definition: ObjectDefinition): (a: FieldError, b: FieldError) => number {
  return (a, b) => {
    const left = placeOf(definition, a.path);
    const right = placeOf(definition, b.path);
    for (const [level, at] of left.entries()) {
      const difference = at - (right[level] ?? -1);
      if (difference !== 0) return difference;
    }
    return left.length - right.length;
  };
}

/** Which member or item of each level a pointer goes through. */
function placeOf(definition: ValueDefinition, path: string): number[] {
  let at: ValueDefinition | undefined = definition;
  return path
    .split('/')
    .slice(1)
    .map((token) => {
      if (at?.type === 'array') {
        at = at.items;
        return Number(token);
      }
      const members = Object.entries(at?.type === 'object' ? (at.properties ?? {}) : {});
      const place = members.findIndex(([name]) => name === token);
      at = members[place]?.[1];
      return place;
    });
}
