import type { Ajv2020 } from 'ajv/dist/2020.js';
import { compileCheck, compileOptionalCheck, createAjv } from './ajv.ts';
import {
  emptyObject,
  withSafeIntegers,
  type CommandDefinition,
  type DeviceTypeDefinition,
  type ObjectDefinition,
  type ScalarDefinition,
} from './device-type-definition.ts';
import type { CommandType, DeviceType, EventType, FieldKind, FieldSpec, StreamType } from './device-type.ts';
import { checkDeviceTypeRules } from './device-type-rules.ts';
import { describeError, type FieldError } from './field-error.ts';
import { SchemaFault } from './schema-fault.ts';
import { compileTwin, type TwinType } from './twin/twin-type.ts';
import metaSchema from './device-type.schema.json' with { type: 'json' };

const validateDefinition = createAjv({ allErrors: true }).compile(metaSchema);

/** The most levels of objects and arrays in a definition. Real ones have about eight. */
const maxDepth = 24;
/** The most faults reported together: a file that is no device type at all has thousands. */
const maxFaults = 50;
const defaultTtlSec = 60;
/** Unless its type says otherwise, a device may ask for a heartbeat up to this many times as long as that of the type. */
const longestHeartbeat = 4;

/**
 * Checks a device type against the closed meta-schema and compiles its checks. Each type has an Ajv of its own, which is
 * freed together with the type.
 * @param definition the parsed file
 * @param file the name of the file, for faults
 * @throws SchemaFault with all faults
 */
export function compileDeviceType(definition: unknown, file: string): DeviceType {
  const faults = faultsOf(definition);
  if (faults.length > 0) throw new SchemaFault(file, faults);
  const {
    name,
    version,
    title = name,
    streams,
    events,
    commands,
    twin,
    firmware,
    logs = false,
    presence,
  } = definition as DeviceTypeDefinition;
  const ajv = createAjv();
  return {
    id: `${name}@${version}`,
    name,
    version,
    title,
    streams: mapOf(streams, (stream, schema) => compileStream(ajv, name, stream, schema)),
    events: mapOf(events, (event, schema): EventType => ({
      name: event,
      check: compileOptionalCheck(ajv, withSafeIntegers(schema)),
    })),
    commands: mapOf(commands, (command, item) => compileCommand(ajv, command, item)),
    twin: twin && withGoodDefaults(compileTwin(ajv, twin), file),
    updatesFirmware: firmware?.updates === true,
    logs,
    presence: {
      heartbeatSec: presence.heartbeatSec,
      graceSec: presence.graceSec ?? presence.heartbeatSec / 2,
      maxHeartbeatSec: presence.maxHeartbeatSec ?? presence.heartbeatSec * longestHeartbeat,
      ...(presence.alarmAfterSec === undefined ? {} : { alarmAfterSec: presence.alarmAfterSec }),
    },
    definition: definition as DeviceTypeDefinition,
  };
}

/** @throws SchemaFault when a default breaks the rules of its own setting */
function withGoodDefaults(twin: TwinType, file: string): TwinType {
  const fault = twin.checkDesired(twin.defaults);
  if (fault === undefined) return twin;
  const path = `/twin/desired${fault.path.replaceAll('/', '/properties/')}/default`;
  throw new SchemaFault(file, [{ ...fault, path }]);
}

function mapOf<From, To>(
  items: Record<string, From> | undefined,
  compile: (name: string, item: From) => To,
): Map<string, To> {
  return new Map(Object.entries(items ?? {}).map(([key, item]) => [key, compile(key, item)]));
}

function faultsOf(definition: unknown): FieldError[] {
  if (!isShallow(definition)) {
    return [{ path: '', keyword: 'depth', expected: `at most ${maxDepth} levels`, got: 'more' }];
  }
  const faults = checkDeviceTypeRules(definition);
  if (!validateDefinition(definition)) {
    const errors = validateDefinition.errors ?? [];
    // `if` and `propertyNames` only repeat a failure below them, which is in the list as well.
    const named = errors.filter(({ keyword }) => keyword !== 'if' && keyword !== 'propertyNames');
    faults.unshift(...named.map((error) => describeError(error, definition)));
  }
  return faults.slice(0, maxFaults);
}

/** Works level by level without recursion. After this check, recursion is safe. */
function isShallow(definition: unknown): boolean {
  let level: unknown[] = [definition];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > maxDepth) return false;
    level = level.flatMap((value) =>
      typeof value === 'object' && value !== null
        ? Object.values(value).filter((member) => typeof member === 'object' && member !== null)
        : [],
    );
  }
  return true;
}

function compileStream(ajv: Ajv2020, type: string, name: string, schema: ObjectDefinition): StreamType {
  const properties = Object.entries(schema.properties ?? {}) as [string, ScalarDefinition][];
  return {
    name,
    measurement: `${type}_${name}`.replaceAll('-', '_'),
    check: compileCheck(ajv, withNulls(withSafeIntegers(schema))),
    nullable: properties.filter(([, { nullable }]) => nullable === true).map(([field]) => field),
    fields: properties.map(([field, definition]) => ({
      ...fieldOf(field, definition),
      ...(schema.required?.includes(field) === true && definition.nullable !== true ? { always: true } : {}),
    })),
  };
}

/** Adds null to the `enum` or `const` of each nullable field: Ajv's `nullable` alone does not allow it there. */
function withNulls(schema: ObjectDefinition): object {
  const entries = Object.entries(schema.properties ?? {}) as [string, ScalarDefinition][];
  const properties = entries.map(([name, definition]) => {
    const { enum: words, const: word } = definition;
    if (definition.nullable !== true) return [name, definition] as const;
    const { const: _, ...rest } = definition;
    const listed = words ?? (word === undefined ? undefined : [word]);
    return [name, listed === undefined ? definition : { ...rest, enum: [...listed, null] }] as const;
  });
  return { ...schema, properties: Object.fromEntries(properties) };
}

const kinds: Readonly<Record<ScalarDefinition['type'], FieldKind>> = {
  number: 'float',
  integer: 'integer',
  boolean: 'boolean',
  string: 'string',
};

function fieldOf(name: string, definition: ScalarDefinition): FieldSpec {
  const { unit, minimum, maximum, title, enum: values, 'x-low': low, 'x-high': high } = definition;
  const { 'x-delaySec': delaySec, 'x-hysteresis': hysteresis } = definition;
  return {
    name,
    kind: kinds[definition.type],
    tag: definition['x-tag'] === true,
    ...(unit === undefined ? {} : { unit }),
    ...(minimum === undefined ? {} : { minimum }),
    ...(maximum === undefined ? {} : { maximum }),
    ...(low === undefined ? {} : { low }),
    ...(high === undefined ? {} : { high }),
    ...(delaySec === undefined ? {} : { delaySec }),
    ...(hysteresis === undefined ? {} : { hysteresis }),
    ...(values === undefined ? {} : { values }),
    ...(title === undefined ? {} : { title }),
  };
}

function compileCommand(ajv: Ajv2020, name: string, item: CommandDefinition): CommandType {
  const { params = emptyObject, output = emptyObject } = item;
  return {
    name,
    checkParams: compileOptionalCheck(ajv, withSafeIntegers(params)),
    checkOutput: compileOptionalCheck(ajv, withSafeIntegers(output)),
    params,
    output,
    offline: item.offline ?? 'reject',
    safety: item.safety,
    ttlSec: item.ttlSec ?? defaultTtlSec,
    idempotent: item.idempotent ?? false,
    concurrency: item.concurrency ?? 1,
  };
}
