import { cutText } from './cut-text.ts';
import { isUtf8 } from 'node:buffer';
import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { compileDeviceType } from './device-type-compiler.ts';
import type { DeviceType, DeviceTypeCatalog } from './device-type.ts';
import { readJson } from './json-text.ts';
import { renderValue, type FieldError } from './field-error.ts';
import { SchemaFault } from './schema-fault.ts';

const maxFileBytes = 262_144;

/**
 * Reads every `*.json` file of a folder as a device type, and ignores other files.
 * @param dir the folder
 * @param before types in use so far: their fields keep their kinds, and their measurements keep their owners
 * @returns the catalog, ordered by name and version
 * @throws SchemaFault naming the file: it cannot be read, is not JSON, is not valid, has another name than its content, or
 *   conflicts with another type over a measurement or a field
 */
export async function loadDeviceTypes(dir: string, before?: DeviceTypeCatalog): Promise<DeviceTypeCatalog> {
  const types: DeviceType[] = [];
  for (const file of await filesIn(dir)) types.push(await loadDeviceType(file));
  return catalogOf(types, (type) => join(dir, `${type.id}.json`), before?.all());
}

/** Every fault for which `loadDeviceTypes` would refuse the folder, one entry per file. */
export async function deviceTypeFaults(dir: string): Promise<SchemaFault[]> {
  const types: DeviceType[] = [];
  const faults: SchemaFault[] = [];
  const collect = (error: unknown): void => {
    if (!(error instanceof SchemaFault)) throw error;
    faults.push(error);
  };
  for (const file of await filesIn(dir).catch((error: unknown) => (collect(error), []))) {
    await loadDeviceType(file).then((type) => types.push(type), collect);
  }
  return [...faults, ...clashes(types, (type) => join(dir, `${type.id}.json`))];
}

/**
 * Checks whether a type can join a catalog.
 * @returns every fault: a measurement that is taken, or a field of another kind
 */
export function joinFaults(type: DeviceType, catalog: DeviceTypeCatalog): FieldError[] {
  return faultsBeside(
    type,
    catalog.all().filter(({ id }) => id !== type.id),
  );
}

/**
 * Checks whether a new definition of a type can replace the one in a catalog. Every field must keep its kind.
 * @returns every fault
 */
export function changeFaults(type: DeviceType, catalog: DeviceTypeCatalog): FieldError[] {
  return faultsBeside(type, catalog.all());
}

function faultsBeside(type: DeviceType, others: readonly DeviceType[]): FieldError[] {
  return clashes([type], ({ id }) => id, others).flatMap(({ errors }) => errors);
}

/**
 * A catalog of types that agree with each other.
 * @param fileOf returns the file of a type, for faults
 * @param before types whose measurements and fields are taken
 * @throws SchemaFault when two types share a measurement, or a field changes its kind between versions
 */
export function catalogOf(
  types: readonly DeviceType[],
  fileOf: (type: DeviceType) => string,
  before: readonly DeviceType[] = [],
): DeviceTypeCatalog {
  const [clash] = clashes(types, fileOf, before);
  if (clash !== undefined) throw clash;
  const ordered = inOrder(types);
  const byId = new Map(ordered.map((type) => [type.id, type]));
  return { get: (id) => byId.get(id), all: () => ordered };
}

function inOrder(types: readonly DeviceType[]): DeviceType[] {
  return types.toSorted((a, b) => (a.name === b.name ? a.version - b.version : a.name < b.name ? -1 : 1));
}

/** The types that conflict with earlier ones in the order, each with all its faults. */
function clashes(
  types: readonly DeviceType[],
  fileOf: (type: DeviceType) => string,
  before: readonly DeviceType[] = [],
): SchemaFault[] {
  const owners = new Map<string, DeviceType>();
  const places = new Map<string, { kind: string; type: DeviceType }>();
  // Types in use agree with each other already: they only take their places.
  for (const type of before) {
    for (const { measurement } of type.streams.values()) owners.set(measurement, type);
    for (const [key, kind] of placesOf(type)) places.set(key, { kind, type });
  }
  return inOrder(types).flatMap((type) => {
    const faults = [...measurementFaults(type, owners), ...fieldFaults(type, places)];
    return faults.length === 0 ? [] : [new SchemaFault(fileOf(type), faults)];
  });
}

/** `measurement field` → its kind in the store. */
function* placesOf(type: DeviceType): Generator<[key: string, kind: string]> {
  for (const { measurement, fields } of type.streams.values()) {
    for (const { name, tag, kind } of fields) yield [`${measurement} ${name}`, tag ? 'tag' : kind];
  }
}

/** `a-b` with stream `c` and `a` with stream `b-c` would both write `a_b_c`. */
function* measurementFaults(type: DeviceType, owners: Map<string, DeviceType>): Generator<FieldError> {
  for (const { name, measurement } of type.streams.values()) {
    const owner = owners.get(measurement) ?? type;
    owners.set(measurement, owner);
    if (owner.name !== type.name) {
      yield fault(
        `/streams/${name}`,
        'measurement',
        `a measurement not taken by ${owner.id}`,
        renderValue(measurement),
      );
    }
  }
}

/** The first point fixes the type of a column in the store, and the tags of a measurement, permanently. */
function* fieldFaults(
  type: DeviceType,
  places: Map<string, { kind: string; type: DeviceType }>,
): Generator<FieldError> {
  for (const stream of type.streams.values()) {
    for (const field of stream.fields) {
      const kind = field.tag ? 'tag' : field.kind;
      const key = `${stream.measurement} ${field.name}`;
      const first = places.get(key) ?? { kind, type };
      places.set(key, first);
      if (first.kind !== kind && first.type.name === type.name) {
        const path = `/streams/${stream.name}/properties/${field.name}`;
        yield fault(path, 'kind', `${first.kind}, as in ${first.type.id}`, kind);
      }
    }
  }
}

/** The `*.json` files of the folder, by name; at least one. @throws SchemaFault */
async function filesIn(dir: string): Promise<string[]> {
  let names: string[];
  try {
    names = await readdir(dir);
  } catch (cause) {
    throw new SchemaFault(dir, [fault('', 'file', 'a folder that can be read', reasonOf(cause))], { cause });
  }
  const files = names.filter((name) => name.endsWith('.json')).toSorted();
  if (files.length === 0)
    throw new SchemaFault(dir, [fault('', 'file', 'a folder with device types', 'none')]);
  return files.map((name) => join(dir, name));
}

/**
 * Reads one device type.
 * @throws SchemaFault with all faults of the file
 */
export async function loadDeviceType(file: string): Promise<DeviceType> {
  const text = await textOf(file);
  const json = readJson(text);
  if (json.kind === 'unreadable') {
    const { fault: unread, cause } = json;
    const why = cause === undefined ? '' : ` (${reasonOf(cause)})`;
    throw new SchemaFault(file, [fault('', unread.keyword, 'JSON', `${unread.got}${why}`)], { cause });
  }
  if (json.faults !== undefined) throw new SchemaFault(file, json.faults);
  const definition = json.value;
  const type = compileDeviceType(definition, file);
  if (basename(file) !== `${type.id}.json`) {
    const got = renderValue(basename(file));
    throw new SchemaFault(file, [fault('/name', 'file', `in a file named ${type.id}.json`, got)]);
  }
  return type;
}

async function textOf(file: string): Promise<string> {
  let bytes: Buffer;
  try {
    bytes = await readFile(file);
  } catch (cause) {
    throw new SchemaFault(file, [fault('', 'file', 'a file that can be read', reasonOf(cause))], { cause });
  }
  if (bytes.length > maxFileBytes) {
    throw new SchemaFault(file, [fault('', 'file', `at most ${maxFileBytes} bytes`, String(bytes.length))]);
  }
  if (!isUtf8(bytes)) throw new SchemaFault(file, [fault('', 'file', 'UTF-8', 'other bytes')]);
  return bytes.toString('utf8');
}

function fault(path: string, keyword: string, expected: string, got: string): FieldError {
  return { path, keyword, expected, got };
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cutText(cause.message, 200) : String(cause);
}
