import { renderValue, type FieldError } from '../field-error.ts';
import { escapePointer } from '../json-pointer.ts';
import { isJsonObject } from './merge-patch.ts';

/** Objects and arrays within each other, the state itself included. */
const maxDepth = 4;

/**
 * Checks rules of `twin` that the meta-schema cannot express: every setting is optional, nesting is bounded, and every desired
 * setting can also be reported. Takes any JSON value, and leaves parts of the wrong shape to the meta-schema.
 */
export function checkTwinRules(twin: unknown): FieldError[] {
  if (!isJsonObject(twin)) return [];
  const { desired, reported } = twin;
  const faults: FieldError[] = [];
  checkState(desired, '/twin/desired', faults, 1, true);
  checkState(reported, '/twin/reported', faults, 1, false);
  checkReportable(desired, reported, '/twin/desired', faults);
  return faults;
}

function checkState(
  schema: unknown,
  path: string,
  faults: FieldError[],
  depth: number,
  isDesired: boolean,
): void {
  if (!isJsonObject(schema)) return;
  const { type, properties, items } = schema;
  if ((type === 'object' || type === 'array') && depth > maxDepth) {
    faults.push(fault(path, 'depth', `at most ${maxDepth} objects and arrays within each other`, 'more'));
    return;
  }
  for (const name of ['required', 'anyOf', 'minProperties']) {
    if (schema[name] !== undefined)
      faults.push(
        fault(`${path}/${name}`, name, 'absent: every setting of a twin is optional', schema[name]),
      );
  }
  if (schema['default'] !== undefined && !isDesired)
    faults.push(fault(`${path}/default`, 'default', 'absent: only desired has defaults', schema['default']));
  if (isJsonObject(properties)) {
    for (const [name, member] of Object.entries(properties))
      checkState(member, memberPath(path, name), faults, depth + 1, isDesired);
  }
  checkState(items, `${path}/items`, faults, depth + 1, false);
}

/** A setting that the device cannot report would never be in sync. */
function checkReportable(desired: unknown, reported: unknown, path: string, faults: FieldError[]): void {
  if (!isJsonObject(desired) || !isJsonObject(desired['properties'])) return;
  const known = isJsonObject(reported) && isJsonObject(reported['properties']) ? reported['properties'] : {};
  for (const [name, member] of Object.entries(desired['properties'])) {
    if (!isJsonObject(member)) continue;
    const twin = Object.hasOwn(known, name) ? known[name] : undefined;
    const at = memberPath(path, name);
    if (!isJsonObject(twin)) faults.push(fault(at, 'reported', 'declared in reported as well', undefined));
    else if (kindOf(twin['type']) !== kindOf(member['type']))
      faults.push(fault(`${at}/type`, 'type', `${String(twin['type'])}, as in reported`, member['type']));
    else checkReportable(member, twin, at, faults);
  }
}

/** Integers and numbers count as one kind, because desired and reported values are compared as numbers. */
function kindOf(type: unknown): unknown {
  return type === 'integer' ? 'number' : type;
}

function memberPath(path: string, name: string): string {
  return `${path}/properties/${escapePointer(name)}`;
}

function fault(path: string, keyword: string, expected: string, value: unknown): FieldError {
  return { path, keyword, expected, got: renderValue(value) };
}
