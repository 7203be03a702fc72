import { code, table } from './markdown.ts';

interface Schema {
  type?: string | string[];
  description?: string;
  const?: unknown;
  enum?: unknown[];
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  pattern?: string;
  default?: unknown;
  required?: string[];
  properties?: Record<string, Schema | boolean>;
  items?: Schema;
  anyOf?: Schema[];
  $ref?: string;
}

/** A row for each member of an object. */
export function memberTable(schema: object): string {
  const { properties = {}, required = [] } = schema as Schema;
  // What has a default may be left out.
  const isNeeded = (name: string): boolean =>
    required.includes(name) && (properties[name] as Schema).default === undefined;
  const rows = Object.entries(properties).flatMap(([name, member]) =>
    typeof member === 'boolean'
      ? []
      : [[code(name), isNeeded(name) ? 'yes' : '', valueOf(member), member.description ?? '']],
  );
  return rows.length === 0 ? '' : table(['Member', 'Needed', 'Value', 'Meaning'], rows);
}

/** What a member may be, and what it is when it is not given. */
function valueOf(member: Schema): string {
  const given = member.default;
  return given === undefined
    ? kindOf(member)
    : `${kindOf(member)}; ${code(JSON.stringify(given))} when not given`;
}

/** What a value may be, in a few words. */
export function kindOf(schema: object): string {
  const {
    type,
    const: only,
    enum: listed,
    minimum,
    maximum,
    maxLength,
    items,
    anyOf,
    properties,
  } = schema as Schema;
  if (only !== undefined) return code(JSON.stringify(only));
  if (listed !== undefined) return listed.map((each) => code(JSON.stringify(each))).join(', ');
  // With properties, the alternatives are only about which of them are there.
  if (anyOf !== undefined && properties === undefined) return anyOf.map(kindOf).join(' or ');
  const named = Array.isArray(type) ? type.join(' or ') : (type ?? 'anything');
  const range =
    minimum === undefined && maximum === undefined ? '' : `, ${minimum ?? '…'} to ${maximum ?? '…'}`;
  const length = maxLength === undefined ? '' : `, at most ${maxLength} characters`;
  const inside = items === undefined ? '' : ` of ${kindOf(items)}${membersOf(items)}`;
  return `${named}${inside}${range}${length}`;
}

/** The names of the members of an object in a list, which has no table of its own. */
function membersOf({ properties = {}, required = [] }: Schema): string {
  const names = Object.keys(properties).map((name) => `${code(name)}${required.includes(name) ? '' : '?'}`);
  return names.length === 0 ? '' : ` (${names.join(', ')})`;
}
