import fc from 'fast-check';
import type { FieldKind } from '../../schemas/index.ts';

/** Strings made to break an encoder: separators, quotes, backslashes and control characters are as likely as letters. */
export const hostile = fc.string({
  unit: fc.oneof(
    fc.constantFrom(
      ',',
      '=',
      ' ',
      '"',
      "'",
      '\\',
      '#',
      '\n',
      '\r',
      '\t',
      '\0',
      '\u007F',
      '\u202E',
      'i',
      'x',
      '1',
    ),
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 }),
  ),
  maxLength: 12,
});

export const hasControl = (text: string): boolean => /\p{Cc}/u.test(text);

/** Hostile, and yet a name that a line can carry. */
export const legalName = hostile.filter(
  (text) => text !== '' && text !== '__proto__' && !/["\\\p{Cc}]/u.test(text),
);

const valueOf: Record<FieldKind, fc.Arbitrary<number | string | boolean>> = {
  float: fc.double({ noNaN: true, noDefaultInfinity: true }),
  integer: fc.maxSafeInteger(),
  boolean: fc.boolean(),
  string: hostile,
};

/** Fields and their values, each name once. */
export const columns = fc.uniqueArray(
  fc
    .constantFrom<FieldKind>('float', 'integer', 'boolean', 'string')
    .chain((kind) =>
      fc.record({ name: legalName, kind: fc.constant(kind), tag: fc.constant(false), value: valueOf[kind] }),
    ),
  { minLength: 1, maxLength: 6, selector: ({ name }) => name },
);

/** What a value is stored as: control characters of a string in JSON's spelling. */
export function spelled(value: number | string | boolean): number | string | boolean {
  if (typeof value !== 'string') return Object.is(value, -0) ? 0 : value;
  return value.replace(/\p{Cc}/gu, (character) => {
    const json = JSON.stringify(character).slice(1, -1);
    return json === character ? `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}` : json;
  });
}

/** Tags as they are stored: backslashes before a separator and at the end are left out, and what is empty then is no tag. */
export function storedTags(tags: Readonly<Record<string, string>>): Map<string, string> {
  const stripped = Object.entries(tags).map(
    ([name, value]) => [name, value.replace(/\\+(?=[,= ]|$)/g, '')] as const,
  );
  return new Map(stripped.filter(([, value]) => value !== ''));
}
