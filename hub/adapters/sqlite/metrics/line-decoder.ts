import { HubError } from '../../../kernel/errors.ts';

export type FieldValue = number | string | boolean;

export interface DecodedLine {
  measurement: string;
  tags: Record<string, string>;
  fields: Record<string, FieldValue>;
  /** Unix time, microseconds. */
  timeUs: number;
}

/**
 * Reads one line of InfluxDB line protocol (times in microseconds) as InfluxDB 1.x does. A backslash escapes `,` `=` and
 * space, and inside quotes `"` and `\`. Before any other character it stands for itself. Integers and floats both
 * become numbers.
 * @throws HubError `input-invalid` when InfluxDB would refuse the line
 */
export function decodeLine(line: string): DecodedLine {
  const end = keyEnd(line);
  return { ...decodeKey(line.slice(0, end)), ...decodeValues(line, end) };
}

/** The end of `measurement,tag=value`: the first space that is not escaped, or the end of the line. */
export function keyEnd(line: string): number {
  return findBare(line, 0, ' ');
}

/** Reads `measurement,tag=value,…`. Its records have no prototype, so that a tag may have any name. */
export function decodeKey(key: string): Pick<DecodedLine, 'measurement' | 'tags'> {
  const tags = Object.create(null) as Record<string, string>;
  let at = findBare(key, 0, ',');
  const measurement = unescape(key.slice(0, at));
  if (measurement === '') throw invalid(key, 'missing measurement');
  while (at < key.length) {
    const equals = findBare(key, at + 1, '=');
    const end = findBare(key, equals + 1, ',');
    const name = unescape(key.slice(at + 1, equals));
    const value = unescape(key.slice(equals + 1, end));
    if (name === '' || value === '') throw invalid(key, 'missing tag key or value');
    if (name in tags) throw invalid(key, `duplicate tag ${name}`);
    tags[name] = value;
    at = end;
  }
  return { measurement, tags };
}

/** Reads ` field=value,… time` from `from`, the space after the key. */
export function decodeValues(line: string, from: number): Pick<DecodedLine, 'fields' | 'timeUs'> {
  const fields = Object.create(null) as Record<string, FieldValue>;
  let at = from;
  do {
    const equals = findBare(line, at + 1, '=');
    const name = unescape(line.slice(at + 1, equals));
    if (name === '' || equals > findBare(line, at + 1, ' ')) throw invalid(line, 'missing fields');
    const end = valueEnd(line, equals + 1);
    if (end === equals + 1) throw invalid(line, 'missing field value');
    fields[name] = decodeValue(line, line.slice(equals + 1, end));
    at = end;
  } while (line[at] === ',');
  const time = line.slice(at + 1);
  if (!integer.test(time) || !Number.isSafeInteger(Number(time))) throw invalid(line, 'bad time');
  return { fields, timeUs: Number(time) };
}

const integer = /^-?\d+$/;
const float = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const truths: Readonly<Record<string, boolean>> = {
  t: true,
  T: true,
  true: true,
  True: true,
  TRUE: true,
  f: false,
  F: false,
  false: false,
  False: false,
  FALSE: false,
};

function decodeValue(line: string, text: string): FieldValue {
  if (text.startsWith('"')) return text.slice(1, -1).replace(/\\(["\\])/g, '$1');
  if (text.endsWith('i') && integer.test(text.slice(0, -1))) return Number(text.slice(0, -1));
  if (float.test(text) && Number.isFinite(Number(text))) return Number(text);
  const truth = Object.hasOwn(truths, text) ? truths[text] : undefined;
  if (truth === undefined) throw invalid(line, `bad value ${text}`);
  return truth;
}

function valueEnd(line: string, from: number): number {
  if (line[from] !== '"') return Math.min(findBare(line, from, ','), findBare(line, from, ' '));
  for (let at = from + 1; at < line.length; at += 1) {
    if (line[at] === '"') return at + 1;
    if (line[at] === '\\') at += 1;
  }
  throw invalid(line, 'unbalanced quotes');
}

/** The first `separator` from `from` on that no backslash precedes; the end when there is none. */
function findBare(text: string, from: number, separator: string): number {
  for (let at = text.indexOf(separator, from); at !== -1; at = text.indexOf(separator, at + 1)) {
    if (at === from || text[at - 1] !== '\\') return at;
  }
  return text.length;
}

function unescape(text: string): string {
  return text.includes('\\') ? text.replace(/\\([,= ])/g, '$1') : text;
}

function invalid(line: string, fault: string): HubError {
  return new HubError('input-invalid', `${fault} in ${JSON.stringify(line)}`);
}
