import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { checkParams } from '../../../dashboards/console/src/forms/params-check.ts';
import {
  draftOf,
  emptyDraft,
  readDraft,
  type Draft,
} from '../../../dashboards/console/src/forms/params-draft.ts';
import type {
  ObjectDefinition,
  ScalarDefinition,
  ValueDefinition,
} from '../../../schemas/device-type-definition.ts';
import { compileDeviceType } from '../../../schemas/index.ts';

const scalar = (text: string): Draft => ({ kind: 'scalar', text });
const object = (members: Record<string, Draft>): Draft => ({ kind: 'object', given: true, members });

function objectOf(properties: Record<string, ValueDefinition>, required: string[] = []): ObjectDefinition {
  return { type: 'object', properties, required, additionalProperties: false };
}

const zone = objectOf({ name: { type: 'string', maxLength: 8 }, open: { type: 'boolean' } }, ['name']);
const definition = objectOf(
  {
    seconds: { type: 'integer', unit: 's', minimum: 1, maximum: 86_400 },
    share: { type: 'number', exclusiveMinimum: 0 },
    mode: { type: 'string', enum: ['day', 'night'] },
    kind: { type: 'string', const: 'plan' },
    zones: { type: 'array', items: zone, maxItems: 2 },
  },
  ['seconds', 'kind'],
);

test('An empty form holds what the schema fixes, and misses what is needed', () => {
  const { params, faults } = checkParams(definition, emptyDraft(definition, true));
  assert.deepEqual(params, { kind: 'plan' });
  assert.deepEqual(faults, [{ path: '/seconds', keyword: 'required', expected: 'present', got: 'nothing' }]);
});

test('What is typed becomes the JSON of its type, and what is left empty is left out', () => {
  const draft = object({
    seconds: scalar(' 60 '),
    share: scalar('.5'),
    mode: scalar(''),
    kind: scalar('plan'),
    zones: {
      kind: 'array',
      given: true,
      items: [object({ name: scalar('hall'), open: scalar('false') })],
    },
  });
  const { params, faults } = checkParams(definition, draft);
  assert.deepEqual(faults, []);
  assert.deepEqual(params, { seconds: 60, share: 0.5, kind: 'plan', zones: [{ name: 'hall', open: false }] });
});

const typed: [name: string, text: string, keyword: string, expected: string, got: string][] = [
  ['seconds', '0', 'minimum', '>= 1', '0'],
  ['seconds', '86401', 'maximum', '<= 86400', '86401'],
  ['seconds', '1.5', 'type', 'integer', '1.5'],
  ['seconds', '1,5', 'type', 'integer', '"1,5"'],
  ['seconds', '0x10', 'type', 'integer', '"0x10"'],
  ['seconds', '1e999', 'type', 'integer', '"1e999"'],
  ['share', '0', 'exclusiveMinimum', '> 0', '0'],
  ['mode', 'dusk', 'enum', 'one of day, night', '"dusk"'],
];
for (const [name, text, keyword, expected, got] of typed) {
  test(`${name} ${JSON.stringify(text)} is stopped at its field by ${keyword}, and by nothing else`, () => {
    const { faults } = checkParams(
      definition,
      object({ seconds: scalar('1'), kind: scalar('plan'), [name]: scalar(text) }),
    );
    assert.deepEqual(faults, [{ path: `/${name}`, keyword, expected, got }]);
  });
}

test('Faults inside lists and objects stand at their own fields, in the order of the form', () => {
  const items = [
    object({ name: scalar('hall'), open: scalar('perhaps') }),
    object({ name: scalar('a name too long'), open: scalar('') }),
    object({ name: scalar('third'), open: scalar('') }),
  ];
  const draft = object({
    seconds: scalar(''),
    kind: scalar('plan'),
    zones: { kind: 'array', given: true, items },
  });
  const paths = checkParams(definition, draft).faults.map(({ path, keyword }) => `${path} ${keyword}`);
  assert.deepEqual(paths, [
    '/seconds required',
    '/zones maxItems',
    '/zones/0/open type',
    '/zones/1/name maxLength',
  ]);
});

test('A choice of needed fields is said once, at the object', () => {
  const choice: ObjectDefinition = {
    ...objectOf({ anyOf: { type: 'number', minimum: 3 }, b: { type: 'number' } }),
    anyOf: [{ required: ['anyOf'] }, { required: ['b'] }],
  };
  assert.deepEqual(checkParams(choice, emptyDraft(choice, true)).faults, [
    { path: '', keyword: 'anyOf', expected: 'at least one of anyOf, b', got: 'object' },
  ]);
  // A field may have the name of a keyword.
  assert.deepEqual(
    checkParams(choice, object({ anyOf: scalar('1'), b: scalar('') })).faults.map(({ path }) => path),
    ['/anyOf'],
  );
});

test('An item that is left empty is missing where it stands', () => {
  const list = objectOf({ steps: { type: 'array', items: { type: 'number' }, maxItems: 4 } });
  const draft = object({
    steps: { kind: 'array', given: true, items: [scalar('1'), scalar(''), scalar('3')] },
  });
  assert.deepEqual(
    checkParams(list, draft).faults.map(({ path, keyword }) => [path, keyword]),
    [['/steps/1', 'required']],
  );
});

const bound = fc.option(fc.integer({ min: -20, max: 20 }), { nil: undefined });
function bounded(type: 'number' | 'integer'): fc.Arbitrary<ScalarDefinition> {
  return fc.tuple(bound, bound).map(([a, b]) => ({
    type,
    ...(a === undefined ? {} : { minimum: Math.min(a, b ?? a) }),
    ...(b === undefined ? {} : { maximum: Math.max(b, a ?? b) }),
  }));
}
const scalars: fc.Arbitrary<ScalarDefinition> = fc.oneof(
  bounded('number'),
  bounded('integer'),
  fc.constant<ScalarDefinition>({ type: 'boolean' }),
  fc.record({ type: fc.constant('string' as const), maxLength: fc.integer({ min: 1, max: 6 }) }),
  fc.constant<ScalarDefinition>({ type: 'string', enum: ['a', 'b'] }),
);
const names = ['a', 'items', 'properties', 'anyOf'];
const { definitions } = fc.letrec<{ definitions: ObjectDefinition; value: ValueDefinition }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 2, depthIdentifier: 'params' },
    scalars,
    fc
      .tuple(tie('value'), fc.integer({ min: 0, max: 2 }), fc.integer({ min: 2, max: 3 }))
      .map(([items, minItems, maxItems]) => ({ type: 'array' as const, items, minItems, maxItems })),
    tie('definitions'),
  ),
  definitions: fc
    .tuple(
      fc.dictionary(fc.constantFrom(...names), tie('value'), { maxKeys: 3 }),
      fc.subarray(names),
      fc.boolean(),
    )
    .map(([properties, wanted, choice]): ObjectDefinition => {
      const known = Object.keys(properties);
      const required = wanted.filter((name) => known.includes(name));
      const anyOf = known.map((name) => ({ required: [name] }));
      return { ...objectOf(properties, required), ...(choice && anyOf.length > 1 ? { anyOf } : {}) };
    }),
}));

/** Whatever somebody may type into a form for `of`. */
function drafts(of: ValueDefinition): fc.Arbitrary<Draft> {
  if (of.type === 'object') {
    const members = Object.fromEntries(
      Object.entries(of.properties ?? {}).map(([name, member]) => [name, drafts(member)]),
    );
    return fc.record({
      kind: fc.constant('object' as const),
      given: fc.boolean(),
      members: fc.record(members),
    });
  }
  if (of.type === 'array') {
    const items = fc.array(drafts(of.items), { maxLength: 4 });
    return fc.record({ kind: fc.constant('array' as const), given: fc.boolean(), items });
  }
  const text = fc.constantFrom(
    '',
    '0',
    '1',
    '-21',
    '21',
    '1.5',
    'true',
    'false',
    'a',
    'a longer text',
    ' ',
    '9007199254740993',
  );
  return text.map(scalar);
}

test('The form and the hub judge alike, and what the hub says first the form says at the same field', () => {
  const cases = definitions.chain((params) => fc.tuple(fc.constant(params), drafts(params)));
  let accepted = 0;
  let refused = 0;
  fc.assert(
    fc.property(cases, ([params, draft]) => {
      const type = compileDeviceType(
        {
          name: 'x',
          version: 1,
          presence: { heartbeatSec: 30 },
          commands: { go: { safety: 'observe', params } },
        },
        'x@1.json',
      );
      const unreadable = readDraft(params, draft, true).faults.length;
      const checked = checkParams(params, draft);
      if (unreadable > 0) {
        assert.ok(checked.faults.length > 0);
        return;
      }
      const fault = type.commands.get('go')?.checkParams(checked.params);
      if (fault === undefined) {
        assert.deepEqual(checked.faults, []);
        accepted++;
      } else {
        const same = checked.faults.find(({ path }) => path === fault.path);
        assert.deepEqual(same, fault, `the form says ${JSON.stringify(checked.faults)}`);
        refused++;
      }
    }),
    { numRuns: 300 },
  );
  assert.ok(accepted > 20 && refused > 20, `${accepted} accepted, ${refused} refused`);
});

test('A form filled from params says the same params', () => {
  const params = { seconds: 5, share: 1e-7, kind: 'plan', zones: [{ name: '', open: true }, { name: 'b' }] };
  assert.deepEqual(checkParams(definition, draftOf(definition, params, true)), { params, faults: [] });
});
