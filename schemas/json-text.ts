import { cutText } from './cut-text.ts';
import { duplicateNames } from './duplicate-names.ts';
import { renderValue, shortPath, type FieldError } from './field-error.ts';
import { escapePointer } from './json-pointer.ts';

/**
 * Reads all JSON from outside: frames, MQTT payloads, HTTP bodies, the command line, files. It finds three things that
 * `JSON.parse` accepts silently although a part would be lost or changed: a name that occurs twice (the last one wins), half
 * a surrogate pair (UTF-8 has none, so U+FFFD would be stored), and a number that is too large for a double, such as 1e400
 * (it becomes infinity, which JSON writes as null).
 */
export type JsonRead =
  | {
      kind: 'read';
      value: unknown;
      /** The places that would be silently lost or changed, as JSON pointers into the value; not given: none. */
      faults?: readonly FieldError[];
    }
  /** Not JSON, or nested too deeply. */
  | { kind: 'unreadable'; fault: FieldError; cause?: unknown };

/** Deep enough for every frame, request and command, and shallow enough for recursive functions. */
const maxJsonDepth = 64;

const maxQuote = 64;

/**
 * Accepts a byte order mark at the start, as RFC 8259 §8.1 allows.
 * @param maxFaults the search ends after this many; a hostile text has thousands
 */
export function readJson(given: string, maxFaults = 16): JsonRead {
  const text = given.charCodeAt(0) === 0xfeff ? given.slice(1) : given;
  const { tooDeep, names, halfPairs, longNumbers } = scan(text);
  if (tooDeep) {
    return unreadable('depth', `at most ${maxJsonDepth} levels`, quote(text));
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    return { ...unreadable('json', ...unreadableAs(text)), cause };
  }
  // The value has as many names as the text, so no name occurs twice and the slow search is not needed.
  const repeated = names === countNames(value) ? [] : duplicateNames(text, maxFaults);
  const isDoubtful = halfPairs || longNumbers;
  if (repeated.length === 0 && !isDoubtful) return { kind: 'read', value };
  const faults = repeated.map((path) => fieldFault(path, 'name', 'given once', 'given twice'));
  if (isDoubtful) findChanged(value, '', faults, maxFaults);
  return faults.length === 0 ? { kind: 'read', value } : { kind: 'read', value, faults };
}

/** The result of one pass over the text. */
interface Scanned {
  tooDeep: boolean;
  /** The number of names in the text. */
  names: number;
  /** Whether there may be half a surrogate pair. */
  halfPairs: boolean;
  /** Whether a number may be too large for a double: it has an exponent, or very many digits. */
  longNumbers: boolean;
}

/** A number without an exponent and with at most this many digits always fits in a double. */
const safeDigits = 308;

/** Goes over the text once, in about a nanosecond per character. */
function scan(text: string): Scanned {
  const found: Scanned = { tooDeep: false, names: 0, halfPairs: false, longNumbers: false };
  let depth = 0;
  let inString = false;
  /** Where a number may have begun. */
  let since = 0;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code === 0x22) {
      inString = !inString;
      since = index;
    } else if (inString) {
      if (code !== 0x5c) continue;
      index++;
      // `\ud8…` to `\udf…`: half a pair, with or without its other half.
      if (text.charCodeAt(index) === 0x75 && (text.charCodeAt(index + 1) | 0x20) === 0x64)
        found.halfPairs = true;
    } else if (code === 0x3a) {
      found.names += 1;
      since = index;
    } else if (code === 0x7b || code === 0x5b) {
      depth += 1;
      if (depth > maxJsonDepth) return { ...found, tooDeep: true };
      since = index;
    } else if (code === 0x2c || code === 0x7d || code === 0x5d) {
      if (code !== 0x2c) depth -= 1;
      if (index - since > safeDigits) found.longNumbers = true;
      since = index;
      // The e of an exponent, not of `true` or `false`.
    } else if ((code | 0x20) === 0x65 && isDigit(text.charCodeAt(index - 1))) found.longNumbers = true;
  }
  if (text.length - since > safeDigits) found.longNumbers = true;
  return found;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

function countNames(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  let count = 0;
  if (Array.isArray(value)) {
    for (const item of value) if (typeof item === 'object') count += countNames(item);
    return count;
  }
  // Objects from JSON.parse have only own members.
  for (const name in value) {
    count += 1;
    const member = (value as Record<string, unknown>)[name];
    if (typeof member === 'object') count += countNames(member);
  }
  return count;
}

/** Finds texts and numbers that would be changed on their way. */
function findChanged(value: unknown, path: string, faults: FieldError[], maxFaults: number): void {
  if (faults.length >= maxFaults) return;
  if (typeof value === 'string') {
    if (!value.isWellFormed()) faults.push(halfPair(path, value));
    return;
  }
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) faults.push(fieldFault(path, 'type', 'a finite number', String(value)));
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  for (const [name, member] of Object.entries(value)) {
    const at = `${path}/${escapePointer(name)}`;
    if (name.isWellFormed()) findChanged(member, at, faults, maxFaults);
    else faults.push(halfPair(path, name));
  }
}

function halfPair(path: string, text: string): FieldError {
  return fieldFault(path, 'unicode', 'a text without half a surrogate pair', renderValue(text));
}

/** Why the text is not JSON, including characters that a reader would not see. */
function unreadableAs(text: string): [expected: string, got: string] {
  const object = 'a JSON object';
  if (text === '') return [object, 'nothing'];
  const last = /\p{C}+$/u.exec(text)?.[0];
  if (last !== undefined && isJson(text.slice(0, -last.length))) {
    return [`${object} and nothing after it`, `followed by ${codePoint(last)}`];
  }
  const first = /^[\p{C}\p{Z}]+/u.exec(text)?.[0].replace(/^[ \t\r\n]+/, '');
  if (first !== undefined && first !== '' && isJson(text.slice(text.indexOf(first) + first.length))) {
    return [`${object} and nothing before it`, `preceded by ${codePoint(first)}`];
  }
  return [object, quote(text)];
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** `U+0000` */
function codePoint(text: string): string {
  return `U+${(text.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
}

/** The beginning of a text, with invisible characters written out. */
function quote(text: string): string {
  const start = cutText(text, maxQuote).replaceAll(
    /[\p{C}\u2028\u2029]/gu,
    (character) => `<${codePoint(character)}>`,
  );
  return text.length > maxQuote || start.length > maxQuote ? `${cutText(start, maxQuote - 3)}...` : start;
}

function unreadable(
  keyword: string,
  expected: string,
  got: string,
): Extract<JsonRead, { kind: 'unreadable' }> {
  return { kind: 'unreadable', fault: fieldFault('', keyword, expected, got) };
}

function fieldFault(path: string, keyword: string, expected: string, got: string): FieldError {
  return { path: shortPath(path), keyword, expected, got };
}
