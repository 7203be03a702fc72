/** A device type while it is edited: the definition itself, changed piece by piece. */
import type { TypeDefinition } from '../../../../schemas/api/device-types.ts';
import type {
  DeviceTypeDefinition,
  ObjectDefinition,
  ScalarDefinition,
  ValueDefinition,
} from '../../../../schemas/device-type-definition.ts';

/** Parts of a type that are made of fields, by name. */
export type Part = 'streams' | 'events';

/** The definition of a type that there is, as its file has it. */
export function draftOf(type: TypeDefinition): DeviceTypeDefinition {
  const { id: _, ...definition } = type;
  return definition;
}

const emptyPart: ObjectDefinition = { type: 'object', properties: {}, additionalProperties: false };

export function withPart(
  draft: DeviceTypeDefinition,
  part: Part,
  name: string,
  change: ObjectDefinition | undefined = emptyPart,
): DeviceTypeDefinition {
  return { ...draft, [part]: { ...draft[part], [name]: change } };
}

export function withoutPart(draft: DeviceTypeDefinition, part: Part, name: string): DeviceTypeDefinition {
  const { [name]: _, ...rest } = draft[part] ?? {};
  return { ...draft, [part]: rest };
}

/** The place of a field stays: short frames name fields by it. */
export function withField(of: ObjectDefinition, name: string, field: ValueDefinition): ObjectDefinition {
  return { ...of, properties: { ...of.properties, [name]: field } };
}

export function withoutField(of: ObjectDefinition, name: string): ObjectDefinition {
  const { [name]: _, ...properties } = of.properties ?? {};
  return withRequired({ ...of, properties }, name, false);
}

export function withRequired(of: ObjectDefinition, name: string, isRequired: boolean): ObjectDefinition {
  const { required = [], ...rest } = of;
  const others = required.filter((each) => each !== name);
  const names = isRequired ? [...others, name] : others;
  return names.length === 0 ? rest : { ...rest, required: names };
}

/** What a scalar has whatever its kind. */
const common = ['title', 'description', 'nullable'] as const;

/** The same field of another kind: what only the old kind knows goes. */
export function ofKind(field: ScalarDefinition, type: ScalarDefinition['type']): ScalarDefinition {
  if (isNumber(type) && isNumber(field.type)) return { ...field, type };
  const kept = common.flatMap((name) => (field[name] === undefined ? [] : [[name, field[name]]]));
  return {
    type,
    ...(Object.fromEntries(kept) as Partial<ScalarDefinition>),
    ...(type === 'string' ? { maxLength: 64 } : {}),
  };
}

function isNumber(type: ScalarDefinition['type']): boolean {
  return type === 'number' || type === 'integer';
}

/** @param value undefined: the rule goes */
export function withRule<Name extends keyof ScalarDefinition>(
  field: ScalarDefinition,
  name: Name,
  value: ScalarDefinition[Name] | undefined,
): ScalarDefinition {
  const { [name]: _, ...rest } = field;
  return (value === undefined ? rest : { ...rest, [name]: value }) as ScalarDefinition;
}

/** The definition in a text of JSON, as far as the form needs it; the hub judges the rest. @throws Error */
export function readDraft(text: string): DeviceTypeDefinition {
  const value: unknown = JSON.parse(text);
  const isSound =
    isObject(value) &&
    typeof value['name'] === 'string' &&
    typeof value['version'] === 'number' &&
    isObject(value['presence']) &&
    [value['streams'], value['events']].every(
      (parts) => parts === undefined || (isObject(parts) && Object.values(parts).every(isPart)),
    );
  if (!isSound) throw new Error('It must be an object with name, version, presence, streams and events.');
  return value as unknown as DeviceTypeDefinition;
}

function isPart(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { properties = {}, required = [] } = value;
  return isObject(properties) && Object.values(properties).every(isField) && Array.isArray(required);
}

function isField(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { type, enum: words, properties, items } = value;
  return (
    typeof type === 'string' &&
    (words === undefined || Array.isArray(words)) &&
    (type !== 'object' || isPart({ ...value, properties: properties ?? {} })) &&
    (type !== 'array' || isField(items))
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
