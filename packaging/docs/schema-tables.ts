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
  $ref?: string;
}

/** A row for each member of an object. */
export function memberTable(schema: object): string {
  const { properties = {}, required = [] } = schema as Schema;
  const rows = Object.entries(properties).flatMap(([name, member]) =>
    typeof member === 'boolean'
      ? []
      : [[code(name), required.includes(name) ? 'yes' : '', kindOf(member), member.description ?? '']],
  );
  return rows.length === 0 ? '' : table(['Member', 'Needed', 'Value', 'Meaning'], rows);
}

/** What a value may be, in a few words. */
export function kindOf(schema: object): string {
  const { type, const: only, enum: listed, minimum, maximum, maxLength, items } = schema as Schema;
  if (only !== undefined) return code(JSON.stringify(only));
  if (listed !== undefined) return listed.map((each) => code(JSON.stringify(each))).join(', ');
  const named = Array.isArray(type) ? type.join(' or ') : (type ?? 'anything');
  const range =
    minimum === undefined && maximum === undefined ? '' : `, ${minimum ?? '…'} to ${maximum ?? '…'}`;
  const length = maxLength === undefined ? '' : `, at most ${maxLength} characters`;
  const inside = items === undefined ? '' : ` of ${kindOf(items)}`;
  return `${named}${inside}${range}${length}`;
}
