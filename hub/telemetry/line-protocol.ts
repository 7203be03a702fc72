import type { FieldSpec } from '../../schemas/index.ts';
import { HubError } from '../kernel/errors.ts';

/**
 * InfluxDB line protocol, one point a line (without the line feed, times in microseconds):
 *
 *     line = encodePrefix(measurement, tags) + encodeFields(data) + ' ' + encodeTimeUs(timeMs)
 *
 * Grammar: <https://docs.influxdata.com/influxdb/v1/write_protocols/line_protocol_reference/>. Two things the
 * grammar cannot say: a backslash before a separator, or at the end of a tag value or key, is read as an escaped one, so that
 * the separator counts, and a line feed ends the line wherever a reader splits on it.
 */

/**
 * The start of every line of one session: `env_sensor_env,device=d-1,site=default,type=env-sensor`. Tags come
 * sorted; one whose value is empty is left out (the grammar has no empty value), and so are backslashes of a value before
 * a separator and at its end.
 * @throws HubError `input-invalid` for what no line can carry: a control character anywhere, an empty name
 *   or one with a quote or a backslash, a measurement that would read as a comment (`#`)
 */
export function encodePrefix(measurement: string, tags: Readonly<Record<string, string>>): string {
  let prefix = escapeName(measurement);
  if (measurement.startsWith('#')) throw invalid(measurement, 'starts with #');
  for (const [name, value] of Object.entries(tags).toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    if (control.test(value)) throw invalid(value, 'has a control character');
    const text = escapeTagValue(value);
    if (text !== '') prefix += `,${escapeName(name)}=${text}`;
  }
  return prefix;
}

/**
 * Builds a stream's encoder once. Called with a reading's `data`, it answers what follows the prefix: the
 * payload's tags, a space and its fields: `,mode=auto temperature=21.5,rssi=-70i`. Absent values are skipped,
 * names that are not in `fields` ignored. The schema decides each type: a float field is a plain number even
 * when the value is whole. Control characters in a string field are written as JSON writes them (`\n`): a raw
 * line feed is legal there but breaks every reader that splits lines.
 *
 * The result is `''` when there is no line to write: no field is present, or a value does not fit its type
 * (`findUnwritable` says which).
 * @throws HubError `input-invalid` for a field name no line can carry
 */
export function compileFieldEncoder(
  fields: readonly FieldSpec[],
): (data: Readonly<Record<string, unknown>>) => string {
  const columns = fields.map(({ name, kind, tag }) => ({ name, kind, tag, key: `${escapeName(name)}=` }));
  const tags = columns.filter(({ tag }) => tag).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const values = columns.filter(({ tag }) => !tag);

  return function encodeFields(data) {
    let line = '';
    for (const { name, key } of tags) {
      const value = data[name];
      if (isAbsent(value)) continue;
      const text = encodeTag(value);
      if (text === undefined) return '';
      if (text !== '') line += `,${key}${text}`;
    }
    let separator = ' ';
    for (const { name, kind, key } of values) {
      const value = data[name];
      if (isAbsent(value)) continue;
      const text = encodeField(kind, value);
      if (text === undefined) return '';
      line += separator + key + text;
      separator = ',';
    }
    return separator === ' ' ? '' : line;
  };
}

/** The first value of `data` that does not fit its field, for the answer to the device; not for the hot path. */
export function findUnwritable(
  fields: readonly FieldSpec[],
  data: Readonly<Record<string, unknown>>,
): FieldSpec | undefined {
  return fields.find(({ name, kind, tag }) => {
    const value = data[name];
    return !isAbsent(value) && (tag ? encodeTag(value) : encodeField(kind, value)) === undefined;
  });
}

/**
 * Unix ms with up to three decimals → whole microseconds: 1700000000000.123 → `1700000000000123`. Exact until
 * the year 2109 (2^42 ms), when a double can no longer represent single microseconds.
 */
export function encodeTimeUs(timeMs: number): string {
  return String(Math.round(timeMs * 1000));
}

/** Undefined when the value does not fit. */
function encodeField(kind: FieldSpec['kind'], value: unknown): string | undefined {
  switch (kind) {
    case 'float':
      return Number.isFinite(value) ? String(value) : undefined;
    case 'integer':
      return Number.isSafeInteger(value) ? `${String(value)}i` : undefined;
    case 'boolean':
      return typeof value === 'boolean' ? String(value) : undefined;
    case 'string':
      return typeof value === 'string' ? quote(value) : undefined;
    default:
      return kind satisfies never;
  }
}

function encodeTag(value: unknown): string | undefined {
  if (typeof value === 'string') return control.test(value) ? undefined : escapeTagValue(value);
  return Number.isFinite(value) || typeof value === 'boolean' ? String(value) : undefined;
}

/** Not in the JSON; a function is what `data['constructor']` finds on the prototype. */
function isAbsent(value: unknown): boolean {
  return value === undefined || typeof value === 'function';
}

const unreadable = /["\\]/;
const control = /\p{Cc}/u;
const special = /[,= ]/;
const everySpecial = /[,= ]/g;
/** InfluxDB 1.x finds the end of a line by pairs: `\\\\` and a space would begin the fields, and the next quote swallow lines. */
const separatingBackslashes = /\\+(?=[,= ]|$)/g;
const quotable = /["\\\p{Cc}]/u;
const everyQuotable = /["\\\p{Cc}]/gu;
const shortEscapes: Readonly<Record<string, string>> = {
  '\n': 'n',
  '\r': 'r',
  '\t': 't',
  '\b': 'b',
  '\f': 'f',
};

function quote(text: string): string {
  return quotable.test(text) ? `"${text.replace(everyQuotable, escapeQuotable)}"` : `"${text}"`;
}

function escapeQuotable(character: string): string {
  if (character === '"' || character === '\\') return `\\${character}`;
  // The backslash is the text's own from here on, so it is doubled.
  return `\\\\${shortEscapes[character] ?? `u${character.charCodeAt(0).toString(16).padStart(4, '0')}`}`;
}

function escapeTagValue(value: string): string {
  const text = value.includes('\\') ? value.replace(separatingBackslashes, '') : value;
  return special.test(text) ? text.replace(everySpecial, '\\$&') : text;
}

/** A measurement, a tag key or a field key. */
function escapeName(name: string): string {
  if (name === '') throw invalid(name, 'is empty');
  // `data['__proto__']` is never absent.
  if (name === '__proto__') throw invalid(name, 'is reserved');
  if (control.test(name)) throw invalid(name, 'has a control character');
  // InfluxDB 1.x begins a quoted string at a quote in a field key, which then swallows the lines that follow, and
  // takes a backslash before a separator for an escaped backslash.
  if (unreadable.test(name)) throw invalid(name, 'has a quote or a backslash');
  return name.replace(everySpecial, '\\$&');
}

function invalid(text: string, fault: string): HubError {
  return new HubError('input-invalid', `${JSON.stringify(text)} ${fault}`, { details: { text } });
}
