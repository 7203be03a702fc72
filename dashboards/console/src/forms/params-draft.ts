import type {
  ArrayDefinition,
  ObjectDefinition,
  ScalarDefinition,
  ValueDefinition,
} from '../../../../schemas/device-type-definition.ts';
import { renderValue, type FieldError } from '../../../../schemas/field-error.ts';

/**
 * The content of a form: text as it was typed, so that nothing is lost while it is not a number yet. A scalar
 * without text is left out, and so is an object or array that is not `given`.
 */
export type Draft =
  | { readonly kind: 'scalar'; readonly text: string }
  | { readonly kind: 'object'; readonly given: boolean; readonly members: Readonly<Record<string, Draft>> }
  | { readonly kind: 'array'; readonly given: boolean; readonly items: readonly Draft[] };

/** Undefined: left out. `faults`: what is typed and cannot be read. */
export interface Reading {
  readonly value: unknown;
  readonly faults: readonly FieldError[];
}

/** JSON's numbers (RFC 8259 §6), a sign and a bare point allowed. */
const numeral = /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i;

/** The form before anything is typed. What the schema fixes (`const`, the fewest items) is already filled in. */
export function emptyDraft(definition: ValueDefinition, required: boolean): Draft {
  switch (definition.type) {
    case 'object': {
      const members = Object.entries(definition.properties ?? {}).map(([name, member]) => [
        name,
        emptyDraft(member, isRequired(definition, name)),
      ]);
      return { kind: 'object', given: required, members: Object.fromEntries(members) };
    }
    case 'array': {
      const items = Array.from({ length: definition.minItems ?? 0 }, () =>
        emptyDraft(definition.items, true),
      );
      return { kind: 'array', given: required, items };
    }
    case 'string':
      return { kind: 'scalar', text: required ? (definition.const ?? '') : '' };
    case 'number':
    case 'integer':
    case 'boolean':
  }
  return { kind: 'scalar', text: '' };
}

/** The form that says `value`; what the schema has no place for is left out. Undefined: nothing is there. */
export function draftOf(definition: ValueDefinition, value: unknown, required: boolean): Draft {
  if (value === undefined) return emptyDraft(definition, required);
  switch (definition.type) {
    case 'object': {
      const given = new Map(Object.entries(isRecord(value) ? value : {}));
      const members = Object.entries(definition.properties ?? {}).map(([name, member]) => [
        name,
        draftOf(member, given.get(name), isRequired(definition, name)),
      ]);
      return { kind: 'object', given: true, members: Object.fromEntries(members) };
    }
    case 'array': {
      const items = (Array.isArray(value) ? value : []).map((item) => draftOf(definition.items, item, true));
      return { kind: 'array', given: true, items };
    }
    case 'number':
    case 'integer':
    case 'boolean':
    case 'string':
  }
  return { kind: 'scalar', text: typeof value === 'string' ? value : JSON.stringify(value) };
}

/**
 * The JSON that a form represents. Never throws.
 * @param path JSON pointer (RFC 6901) of this part, for the faults
 */
export function readDraft(definition: ValueDefinition, draft: Draft, required: boolean, path = ''): Reading {
  switch (definition.type) {
    case 'object':
      return draft.kind === 'object' && draft.given ? readObject(definition, draft.members, path) : leftOut;
    case 'array':
      return draft.kind === 'array' && draft.given ? readArray(definition, draft.items, path) : leftOut;
    case 'number':
    case 'integer':
    case 'boolean':
    case 'string':
  }
  return draft.kind === 'scalar' ? readScalar(definition, draft.text, required, path) : leftOut;
}

export function isRequired({ required = [] }: ObjectDefinition, name: string): boolean {
  return required.includes(name);
}

const leftOut: Reading = { value: undefined, faults: [] };

function readObject(
  definition: ObjectDefinition,
  members: Readonly<Record<string, Draft>>,
  path: string,
): Reading {
  const value: Record<string, unknown> = {};
  const faults: FieldError[] = [];
  for (const [name, member] of Object.entries(definition.properties ?? {})) {
    const draft = members[name];
    if (draft === undefined) continue;
    const read = readDraft(member, draft, isRequired(definition, name), `${path}/${name}`);
    faults.push(...read.faults);
    if (read.value !== undefined) value[name] = read.value;
  }
  return { value, faults };
}

function readArray({ items }: ArrayDefinition, drafts: readonly Draft[], path: string): Reading {
  const faults: FieldError[] = [];
  const value = drafts.map((draft, index) => {
    const read = readDraft(items, draft, true, `${path}/${index}`);
    faults.push(...read.faults);
    if (read.value === undefined && read.faults.length === 0) faults.push(missing(`${path}/${index}`));
    // An item that cannot be read keeps its place.
    return read.value ?? null;
  });
  return { value, faults };
}

function readScalar(definition: ScalarDefinition, text: string, required: boolean, path: string): Reading {
  if (definition.type === 'string') {
    const offered = definition.enum !== undefined || definition.const !== undefined;
    return text === '' && (!required || offered) ? leftOut : { value: text, faults: [] };
  }
  const typed = text.trim();
  if (typed === '') return leftOut;
  if (definition.type === 'boolean') {
    if (typed === 'true' || typed === 'false') return { value: typed === 'true', faults: [] };
  } else if (numeral.test(typed) && Number.isFinite(Number(typed))) {
    return { value: Number(typed), faults: [] };
  }
  const fault = { path, keyword: 'type', expected: definition.type, got: renderValue(typed) };
  return { value: undefined, faults: [fault] };
}

function missing(path: string): FieldError {
  return { path, keyword: 'required', expected: 'present', got: 'nothing' };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
