import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { codeLanguages, generateCode } from '../../../schemas/generate/generate-code.ts';
import { boundsOf, stepsOf, writtenBounds } from '../../../schemas/generate/number-steps.ts';
import { compileDeviceType } from '../../../schemas/device-type-compiler.ts';
import { loadDeviceTypes, SchemaFault } from '../../../schemas/index.ts';
import {
  everyKindType,
  type EveryKindCommands,
  type EveryKindEvents,
  type EveryKindStreams,
} from '../../data/generated/typescript/every-kind.ts';

const data = (path: string): string =>
  fileURLToPath(new URL(`../../data/generated/${path}`, import.meta.url));
const everyKind = (await loadDeviceTypes(data('types'))).get('every-kind@1');
assert.ok(everyKind);

for (const language of codeLanguages) {
  test(`the ${language} of a type with every kind of field is what is kept in test/data/generated/${language}`, () => {
    const files = generateCode(language, everyKind);
    const wayOut = `npm run -s hub -- schema generate ${language} every-kind --schemas test/data/generated/types --out test/data/generated/${language}`;
    assert.deepEqual(readdirSync(data(language)).toSorted(), files.map(({ name }) => name).toSorted());
    for (const { name, text } of files)
      assert.equal(
        text,
        readFileSync(data(`${language}/${name}`), 'utf8'),
        `${name} differs; if that is right: ${wayOut}`,
      );
  });
}

for (const [language, folder] of [
  ['c', 'sdk/c/examples/generated'],
  ['python', 'sdk/python/examples'],
] as const) {
  test(`the code of the examples in ${folder} is what the generator makes of the shipped types`, async () => {
    const root = fileURLToPath(new URL('../../..', import.meta.url));
    const shipped = await loadDeviceTypes(`${root}/schemas/device-types`);
    for (const id of ['env-sensor@1', 'smart-valve@1']) {
      const type = shipped.get(id);
      assert.ok(type);
      const wayOut = `npm run -s hub -- schema generate ${language} ${id} --out ${folder}`;
      for (const { name, text } of generateCode(language, type))
        assert.equal(text, readFileSync(`${root}/${folder}/${name}`, 'utf8'), `${name} differs: ${wayOut}`);
    }
  });
}

test('the TypeScript of a type that lacks streams, events, a twin or commands is a program', () => {
  const { definition } = everyKind;
  for (const lacking of [
    [],
    ['streams'],
    ['events'],
    ['twin'],
    ['commands'],
    ['events', 'twin', 'commands'],
  ]) {
    const kept = Object.entries(definition).filter(([name]) => !lacking.includes(name));
    for (const { text } of generateCode('typescript', compileDeviceType(Object.fromEntries(kept), 'f')))
      assert.doesNotThrow(() => stripTypeScriptTypes(text), `without ${lacking.join(', ')}`);
  }
});

test('generated TypeScript types take what the type takes, and nothing else', () => {
  const reading: EveryKindStreams['wide'] = { plain: 1, broken: null, kind: 'a', mode: 'größer' };
  const either: EveryKindStreams['either'] = { c: true };
  const deep: EveryKindEvents['deep'] = { grid: [[1], []], parts: [{ id: 1 }] };
  const params: EveryKindCommands['default']['params'] = { level: 1, count: 2 };
  // @ts-expect-error kind is required
  const lacking: EveryKindStreams['wide'] = { plain: 1, broken: 2 };
  // @ts-expect-error neither a and b nor c
  const neither: EveryKindStreams['either'] = { a: true };
  for (const [name, value] of [
    ['wide', reading],
    ['either', either],
  ] as const)
    assert.equal(everyKind.streams.get(name)?.check(value), undefined);
  assert.equal(everyKind.events.get('deep')?.check(deep), undefined);
  assert.equal(everyKind.commands.get('default')?.checkParams(params), undefined);
  assert.equal(everyKind.streams.get('wide')?.check(lacking)?.keyword, 'required');
  assert.equal(everyKind.streams.get('either')?.check(neither)?.keyword, 'anyOf');
  assert.equal(everyKindType, everyKind.id);
});

test('names that C keeps for itself, or that are the same in C, become names of their own', () => {
  const boolean = { type: 'boolean' } as const;
  const object = (...names: string[]) => ({
    type: 'object',
    properties: Object.fromEntries(names.map((name) => [name, boolean])),
    required: names.slice(0, 1),
    additionalProperties: false,
  });
  const type = compileDeviceType(
    {
      name: 'n',
      version: 1,
      streams: { 'event-a': object('while', 'a', 'A') },
      events: { a: object('x') },
      presence: { heartbeatSec: 1 },
    },
    'f',
  );
  const header = generateCode('c', type)[0]?.text ?? '';
  const structs = [...header.matchAll(/^\} (\w+);$/gm)].map(([, name]) => name);
  assert.deepEqual(structs, ['n_event_a', 'n_event_a_2']);
  const members = [...header.matchAll(/^ {2}bool (\w+);$/gm)].map(([, name]) => name);
  assert.deepEqual(members, ['while_', 'a', 'A', 'x']);
  const bits = [...header.matchAll(/^#define (\w+_HAS_\w+) /gm)].map(([, name]) => name);
  assert.deepEqual(bits, [...new Set(bits)]);
});

test('a title cannot end the comment that it stands in', () => {
  const type = compileDeviceType(
    {
      name: 'n',
      version: 1,
      streams: { s: stream({ type: 'number', title: '*/ int x; /*' }) },
      presence: { heartbeatSec: 1 },
    },
    'f',
  );
  for (const language of ['c', 'typescript'] as const)
    for (const { text } of generateCode(language, type)) assert.doesNotMatch(text, /\*\/ int/);
});

test('steps are counted from bound to bound, and open bounds are never reached', () => {
  const steps = (definition: object) => {
    const { lowest, highest, unit, decimals } = stepsOf({ type: 'number', ...definition }) ?? {};
    return [lowest, highest, unit, decimals];
  };
  assert.deepEqual(steps({ 'x-step': 0.1, minimum: -60, maximum: 125 }), [-600, 1250, 1, 1]);
  assert.deepEqual(steps({ 'x-step': 0.25, minimum: -40.1, maximum: 85.1 }), [-160, 340, 25, 2]);
  assert.deepEqual(steps({ 'x-step': 0.05, exclusiveMinimum: -1, exclusiveMaximum: 1 }), [-19, 19, 5, 2]);
  assert.deepEqual(steps({ 'x-step': 2.5e-7, minimum: 0, maximum: 0.001 }), [0, 4000, 25, 8]);
  assert.deepEqual(steps({ 'x-step': 500, minimum: 0 }), [
    0,
    Math.floor(Number.MAX_SAFE_INTEGER / 500),
    500,
    0,
  ]);
});

test('an open bound refuses what is on it, a closed one only what is beyond', () => {
  const bounds = boundsOf({
    type: 'number',
    minimum: 1,
    exclusiveMinimum: 2,
    maximum: 3,
    exclusiveMaximum: 4,
  });
  assert.deepEqual(
    bounds.map(({ refusedWhen, bound }) => `${refusedWhen} ${bound}`),
    ['< 1', '<= 2', '> 3', '>= 4'],
  );
});

test('a bound with more digits than are written becomes the nearest one inside', () => {
  const bound = 0.1 + 0.2;
  const [inside] = writtenBounds({ type: 'number', maximum: bound });
  assert.equal(inside?.bound, 0.3);
  const [below] = writtenBounds({ type: 'number', exclusiveMaximum: 10 });
  assert.equal(below?.bound, 9.999_999_999_999_9);
  const [above] = writtenBounds({ type: 'number', exclusiveMinimum: -10 });
  assert.equal(above?.bound, -9.999_999_999_999_9);
  assert.deepEqual(
    writtenBounds({ type: 'number', exclusiveMinimum: 0 }),
    boundsOf({ type: 'number', exclusiveMinimum: 0 }),
  );
});

test('a step judges nothing, and must have a multiple within the bounds', () => {
  const stepped = (field: object) =>
    compileDeviceType(
      {
        name: 'n',
        version: 1,
        streams: { s: stream({ type: 'number', ...field }) },
        presence: { heartbeatSec: 1 },
      },
      'f',
    );
  const type = stepped({ minimum: 0, maximum: 10, 'x-step': 0.5 });
  assert.equal(type.streams.get('s')?.check({ a: 0.3 }), undefined);
  for (const [field, keyword] of [
    [{ minimum: 0, maximum: 10, 'x-step': 10 }, 'x-step'],
    [{ exclusiveMinimum: 0, exclusiveMaximum: 1, 'x-step': 1 }, 'x-step'],
    [{ 'x-step': 0.123_456_789_1 }, 'x-step'],
    [{ 'x-step': 0 }, 'minimum'],
    [{ 'x-step': '0.1' }, 'type'],
    [{ type: 'integer', 'x-step': 0.5 }, 'type'],
    [{ type: 'boolean', 'x-step': 1 }, 'additionalProperties'],
  ] as const) {
    const isNamed = (error: unknown): boolean =>
      error instanceof SchemaFault && error.errors.some((one) => one.keyword === keyword);
    assert.throws(() => stepped(field), isNamed, JSON.stringify(field));
  }
});

function stream(field: object) {
  return { type: 'object', properties: { a: field }, required: ['a'], additionalProperties: false };
}
