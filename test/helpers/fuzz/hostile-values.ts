/** Values that programs stumble over, for every door: names, texts, times and numbers. */

import fc from 'fast-check';
import { hostile } from '../hostile-text.ts';

/** What every object and every function of JavaScript has. */
export const javascriptNames: readonly string[] = [
  ...new Set([
    ...Object.getOwnPropertyNames(Object.prototype),
    ...Object.getOwnPropertyNames(Function.prototype),
    'prototype',
    'then',
    'toJSON',
  ]),
];

/** C0, DEL and C1. */
export const controlCharacters: readonly string[] = Array.from({ length: 0xa0 }, (_, code) =>
  String.fromCharCode(code),
).filter((character) => /\p{Cc}/u.test(character));

export const loneSurrogates: readonly string[] = ['\ud800', '\udbff', '\udc00', '\udfff'];

/** Marks that turn the direction of a text (Unicode Standard Annex 9), and the ends of lines that JSON does not escape. */
export const bidirectionalMarks: readonly string[] = [
  '\u061c',
  '\u200e',
  '\u200f',
  '\u2028',
  '\u2029',
  '\u202a',
  '\u202b',
  '\u202c',
  '\u202d',
  '\u202e',
  '\u2066',
  '\u2067',
  '\u2068',
  '\u2069',
  '\ufeff',
];

/** Each kind as often as the others, however many of it there are. */
const strange = fc.oneof(
  fc.constantFrom(...controlCharacters),
  fc.constantFrom(...loneSurrogates),
  fc.constantFrom(...bidirectionalMarks),
);

export const hostileName = fc.constantFrom(...javascriptNames);

export const hostileText: fc.Arbitrary<string> = fc.oneof(
  hostileName,
  // Several kinds at once: what stumbles over any of them is found by one text.
  {
    weight: 4,
    arbitrary: fc.array(strange, { minLength: 1, maxLength: 8 }).map((parts) => parts.join('')),
  },
  fc.tuple(fc.string({ maxLength: 4 }), strange, fc.string({ maxLength: 4 })).map((parts) => parts.join('')),
  hostile,
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.constantFrom('', ' ', '/', '..', '%00', '*', '#', '+', 'NaN', 'Infinity', 'null', '-0', '1e999', '0x10'),
  fc.constantFrom(64, 65, 128, 129, 1_025).map((length) => 'x'.repeat(length)),
);

/** The farthest day that ECMAScript's dates know, ms (ECMA-262, Time Values). */
const maxDateMs = 8.64e15;

/** Times at the edge of every range, in every unit somebody may mistake for milliseconds. */
export const hostileTimes: readonly number[] = [maxDateMs, maxDateMs + 1, 1_795_867_200_000, 2 ** 31].flatMap(
  (ms) => [ms, -ms, ms / 1_000, ms * 1_000, ms * 1_000_000],
);

export const hostileNumbers: readonly number[] = [
  0,
  -0,
  1,
  -1,
  0.5,
  1e-7,
  Number.MIN_VALUE,
  -Number.MIN_VALUE,
  1e308,
  -1e308,
  Number.MAX_VALUE,
  ...[31, 32, 53, 63, 64].flatMap((bits) => [2 ** bits - 1, 2 ** bits, 2 ** bits + 1, -(2 ** bits)]),
];

export const hostileNumber: fc.Arbitrary<number> = fc.oneof(
  fc.constantFrom(...hostileNumbers),
  fc.constantFrom(...hostileTimes),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
);

/** As JSON text has them: what `JSON.parse` makes of it. */
export const hostileJson: fc.Arbitrary<unknown> = fc.oneof(
  hostileText,
  hostileNumber,
  fc.constantFrom(null, true, false),
  fc.constantFrom<unknown>([], {}, [[]], [null]),
  fc
    .array(fc.tuple(fc.oneof(hostileName, hostileText), fc.oneof(hostileText, hostileNumber)), {
      maxLength: 3,
    })
    // `__proto__` becomes a member of its own, as with JSON.parse.
    .map((members) => Object.fromEntries(members)),
  fc.jsonValue({ maxDepth: 2 }),
);
