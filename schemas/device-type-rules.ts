import { escapePointer } from './json-pointer.ts';
import { renderValue, type FieldError } from './field-error.ts';
import { checkTwinRules } from './twin/twin-rules.ts';

/**
 * Checks rules of a device type that a schema cannot express: names must be declared, bounds must not cross, and every
 * reading must have something to store. Takes any JSON value, and leaves parts of the wrong shape to the meta-schema.
 * @returns every fault, by JSON pointer into the definition
 */
export function checkDeviceTypeRules(definition: unknown): FieldError[] {
  const faults: FieldError[] = [];
  for (const [path, stream] of members(definition, '', 'streams')) {
    checkSchema(stream, path, faults, { isField: true });
    if (!alwaysHasField(stream)) {
      faults.push(
        fault(path, 'required', 'at least one field, not a tag, that every reading has', undefined),
      );
    }
  }
  for (const [path, event] of members(definition, '', 'events')) checkSchema(event, path, faults);
  for (const [path, command] of members(definition, '', 'commands')) {
    if (!isObject(command)) continue;
    checkSchema(command['params'], `${path}/params`, faults);
    checkSchema(command['output'], `${path}/output`, faults);
  }
  if (isObject(definition)) {
    const { twin, presence } = definition;
    for (const state of ['desired', 'reported'])
      if (isObject(twin)) checkSchema(twin[state], `/twin/${state}`, faults, { isSetting: true });
    faults.push(...checkTwinRules(twin));
    checkCrossings(presence, '/presence', faults);
  }
  return faults;
}

const crossings = [
  ['minimum', 'maximum'],
  ['exclusiveMinimum', 'exclusiveMaximum'],
  ['minimum', 'exclusiveMaximum'],
  ['exclusiveMinimum', 'maximum'],
  ['minimum', 'x-low'],
  ['exclusiveMinimum', 'x-low'],
  ['x-low', 'x-high'],
  ['x-high', 'maximum'],
  ['x-high', 'exclusiveMaximum'],
  ['minLength', 'maxLength'],
  ['minItems', 'maxItems'],
  ['heartbeatSec', 'maxHeartbeatSec'],
] as const;

/** Generated code scales by 32-bit numbers. */
const maxStepDigits = 9;

/** The place of a schema: some keywords have a meaning in one place only. */
interface Place {
  /** The schema is in a stream. */
  isField?: boolean;
  /** The schema is in a twin. */
  isSetting?: boolean;
}

/** Recursive; the caller has bounded the depth. */
function checkSchema(schema: unknown, path: string, faults: FieldError[], place: Place = {}): void {
  if (!isObject(schema)) return;
  if (schema['default'] !== undefined && place.isSetting !== true) {
    const rule = 'absent: only a setting of a twin has a default';
    faults.push(fault(`${path}/default`, 'default', rule, schema['default']));
  }
  if (schema['nullable'] !== undefined && (place.isField !== true || schema['x-tag'] === true)) {
    const rule = 'absent: only a field of a stream may be null, and no tag';
    faults.push(fault(`${path}/nullable`, 'nullable', rule, schema['nullable']));
  }
  checkCrossings(schema, path, faults);
  checkStep(schema, path, faults);
  checkAlarm(schema, path, faults);
  const declared = isObject(schema['properties']) ? schema['properties'] : {};
  checkDeclared(schema['required'], `${path}/required`, declared, faults);
  if (Array.isArray(schema['anyOf'])) {
    for (const [index, choice] of schema['anyOf'].entries()) {
      if (isObject(choice))
        checkDeclared(choice['required'], `${path}/anyOf/${index}/required`, declared, faults);
    }
  }
  const { length } = Object.keys(declared);
  const least = schema['minProperties'];
  if (typeof least === 'number' && least > length) {
    faults.push(
      fault(`${path}/minProperties`, 'minProperties', `at most ${length}, the declared fields`, least),
    );
  }
  for (const [memberPath, member] of members(schema, path, 'properties'))
    checkSchema(member, memberPath, faults, place);
  checkSchema(schema['items'], `${path}/items`, faults);
}

function checkCrossings(bounded: unknown, path: string, faults: FieldError[]): void {
  if (!isObject(bounded)) return;
  for (const [low, high] of crossings) {
    const [from, to] = [bounded[low], bounded[high]];
    if (typeof from !== 'number' || typeof to !== 'number') continue;
    const open = [low, high].some((bound) => bound.startsWith('exclusive') || bound.startsWith('x-'));
    const empty = open ? from >= to : from > to;
    if (empty)
      faults.push(fault(`${path}/${low}`, low, `a bound that leaves room below ${high} ${to}`, from));
  }
}

/** Delay and hysteresis need a limit. The alarm of one limit must end before that of the other can begin. */
function checkAlarm(schema: Record<string, unknown>, path: string, faults: FieldError[]): void {
  const { 'x-low': low, 'x-high': high, 'x-hysteresis': hysteresis } = schema;
  for (const name of ['x-delaySec', 'x-hysteresis']) {
    if (schema[name] === undefined || low !== undefined || high !== undefined) continue;
    faults.push(
      fault(`${path}/${name}`, name, 'absent: without x-low and x-high there is no alarm', schema[name]),
    );
  }
  if (typeof low !== 'number' || typeof high !== 'number' || typeof hysteresis !== 'number') return;
  if (hysteresis >= high - low) {
    const rule = `less than the ${high - low} between x-low and x-high`;
    faults.push(fault(`${path}/x-hysteresis`, 'x-hysteresis', rule, hysteresis));
  }
}

/** Rounding needs a multiple of the step between the bounds, whether they are included or not. */
function checkStep(schema: Record<string, unknown>, path: string, faults: FieldError[]): void {
  const step = schema['x-step'];
  if (typeof step === 'number' && Number(step.toPrecision(maxStepDigits)) !== step)
    faults.push(fault(`${path}/x-step`, 'x-step', `a number of at most ${maxStepDigits} digits`, step));
  const low = Math.max(...boundsOf(schema, 'minimum', 'exclusiveMinimum'));
  const high = Math.min(...boundsOf(schema, 'maximum', 'exclusiveMaximum'));
  if (typeof step === 'number' && Number.isFinite(high - low) && step >= high - low)
    faults.push(fault(`${path}/x-step`, 'x-step', `less than the ${high - low} between the bounds`, step));
}

function boundsOf(schema: Record<string, unknown>, ...names: string[]): number[] {
  return names.map((name) => schema[name]).filter((bound) => typeof bound === 'number');
}

function checkDeclared(
  names: unknown,
  path: string,
  declared: Record<string, unknown>,
  faults: FieldError[],
): void {
  if (!Array.isArray(names)) return;
  for (const [index, name] of names.entries()) {
    if (typeof name === 'string' && !Object.hasOwn(declared, name)) {
      faults.push(fault(`${path}/${index}`, 'required', 'a name declared in properties', name));
    }
  }
}

/** Line protocol has no point without a field. */
function alwaysHasField(stream: unknown): boolean {
  if (!isObject(stream) || !isObject(stream['properties'])) return true;
  const { properties, required, anyOf, minProperties } = stream as {
    properties: Record<string, unknown>;
    required?: unknown;
    anyOf?: unknown;
    minProperties?: unknown;
  };
  const isField = (name: unknown): boolean => {
    const spec = typeof name === 'string' && Object.hasOwn(properties, name) ? properties[name] : undefined;
    return isObject(spec) && spec['x-tag'] !== true;
  };
  const hasField = (names: unknown): boolean => Array.isArray(names) && names.some(isField);
  if (hasField(required)) return true;
  if (Array.isArray(anyOf) && anyOf.every((choice) => isObject(choice) && hasField(choice['required'])))
    return true;
  const tags = Object.keys(properties).filter((name) => !isField(name)).length;
  return typeof minProperties === 'number' && minProperties > tags;
}

function* members(holder: unknown, path: string, name: string): Generator<[path: string, value: unknown]> {
  const value = isObject(holder) ? holder[name] : undefined;
  if (!isObject(value)) return;
  for (const [key, member] of Object.entries(value)) yield [`${path}/${name}/${escapePointer(key)}`, member];
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function fault(path: string, keyword: string, expected: string, value: unknown): FieldError {
  return { path, keyword, expected, got: renderValue(value) };
}
