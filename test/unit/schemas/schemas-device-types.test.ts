import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { compileDeviceType, loadDeviceTypes, SchemaFault, type FieldError } from '../../../schemas/index.ts';
import { definition, stream } from '../../helpers/type-definitions.ts';

const shipped = new URL('../../../schemas/device-types', import.meta.url).pathname;

function refusal(value: unknown): readonly FieldError[] {
  try {
    compileDeviceType(value, 'meter@1.json');
  } catch (error) {
    assert.ok(error instanceof SchemaFault, String(error));
    assert.equal(error.file, 'meter@1.json');
    assert.ok(error.message.startsWith('meter@1.json: '));
    return error.errors;
  }
  return assert.fail('the definition is accepted');
}

test('the shipped types load, each with its streams, events and commands', async () => {
  const catalog = await loadDeviceTypes(shipped);
  assert.deepEqual(
    catalog
      .all()
      .map((type) => [
        type.id,
        [...type.streams.values()].map(({ measurement }) => measurement),
        [...type.events.keys()],
        [...type.commands.values()].map((command) => `${command.name} ${command.safety} ${command.offline}`),
      ]),
    [
      [
        'env-sensor@1',
        ['env_sensor_env'],
        [],
        ['set-interval config latest', 'identify observe reject', 'reboot actuate reject'],
      ],
      [
        'smart-valve@1',
        ['smart_valve_flow'],
        ['leak'],
        ['set-position actuate reject', 'close actuate reject', 'factory-reset critical reject'],
      ],
      [
        'traffic-detector@1',
        ['traffic_detector_traffic'],
        [],
        ['set-interval config latest', 'self-test observe reject'],
      ],
    ],
  );
  assert.equal(catalog.get('env-sensor@2'), undefined);
  const env = catalog.get('env-sensor@1');
  assert.deepEqual(env?.presence, { heartbeatSec: 30, graceSec: 15, maxHeartbeatSec: 120 });
  assert.deepEqual(env?.streams.get('env')?.fields, [
    {
      name: 'temperature',
      kind: 'float',
      tag: false,
      always: true,
      unit: 'Cel',
      minimum: -60,
      maximum: 125,
      low: -25,
      high: 60,
      hysteresis: 1,
      title: 'Temperature',
    },
    {
      name: 'humidity',
      kind: 'float',
      tag: false,
      unit: '%',
      minimum: 0,
      maximum: 100,
      title: 'Relative humidity',
    },
    {
      name: 'battery',
      kind: 'float',
      tag: false,
      unit: 'V',
      minimum: 0,
      maximum: 60,
      low: 2.8,
      delaySec: 60,
      hysteresis: 0.1,
      title: 'Battery',
    },
    {
      name: 'rssi',
      kind: 'integer',
      tag: false,
      unit: 'dBm',
      minimum: -200,
      maximum: 50,
      low: -110,
      delaySec: 60,
      hysteresis: 5,
      title: 'Signal',
    },
  ]);
});

test('an integer without bounds is still held to what JSON carries exactly', () => {
  const fields = { n: { type: 'integer' }, m: { type: 'integer', minimum: 0 } };
  const check = compileDeviceType(definition({ streams: { s: stream(fields) } }), 'f').streams.get(
    's',
  )?.check;
  assert.equal(check?.({ n: Number.MAX_SAFE_INTEGER, m: 0 }), undefined);
  assert.equal(check?.({ n: Number.MIN_SAFE_INTEGER, m: 0 }), undefined);
  assert.deepEqual(check?.(JSON.parse('{"n":9007199254740993,"m":0}')), {
    path: '/n',
    keyword: 'maximum',
    expected: '<= 9007199254740991',
    got: '9007199254740992',
  });
  assert.equal(check?.({ n: -(2 ** 53), m: 0 })?.keyword, 'minimum');
  assert.equal(check?.({ n: 0, m: 1e21 })?.path, '/m');
});

test('a definition is answered with all its faults at once, each by its place', () => {
  const faults = refusal({
    ...definition({
      streams: { s: stream({ a: { type: 'number', mininum: 3 }, b: { type: 'numbr' } }, ['a', 'c']) },
    }),
    commands: { c: { safety: 'critical', offline: 'latest' } },
    presense: {},
  });
  assert.deepEqual(
    new Set(faults.map(({ path, keyword }) => `${path} ${keyword}`)),
    new Set([
      '/presense additionalProperties',
      '/streams/s/properties/a/mininum additionalProperties',
      '/streams/s/properties/b/type enum',
      '/streams/s/required/1 required',
      '/commands/c/offline const',
    ]),
  );
});

test('alarm limits judge nothing, and must lie inside the bounds and in order', () => {
  const limited = (limits: object) =>
    definition({ streams: { s: stream({ a: { type: 'number', ...limits } }, ['a']) } });
  const type = compileDeviceType(limited({ minimum: -10, 'x-low': 0, 'x-high': 50, maximum: 60 }), 'f');
  const { check, fields } = type.streams.get('s') ?? {};
  assert.deepEqual([fields?.[0]?.low, fields?.[0]?.high], [0, 50]);
  assert.equal(check?.({ a: -5 }), undefined);
  assert.equal(check?.({ a: 55 }), undefined);
  assert.equal(check?.({ a: 61 })?.keyword, 'maximum');
  for (const [limits, keyword] of [
    [{ minimum: 0, 'x-low': 0 }, 'minimum'],
    [{ 'x-low': 5, 'x-high': 5 }, 'x-low'],
    [{ maximum: 5, 'x-high': 6 }, 'x-high'],
    [{ exclusiveMaximum: 5, 'x-high': 5 }, 'x-high'],
    [{ 'x-high': 'hot' }, 'type'],
  ] as const) {
    assert.deepEqual(
      refusal(limited(limits)).map((one) => one.keyword),
      [keyword],
      JSON.stringify(limits),
    );
  }
});

test('a grace of its own is kept, and defaults of a command are filled in', () => {
  const type = compileDeviceType(
    { ...definition(), presence: { heartbeatSec: 10, graceSec: 2 }, commands: { c: { safety: 'observe' } } },
    'f',
  );
  assert.deepEqual(type.presence, { heartbeatSec: 10, graceSec: 2, maxHeartbeatSec: 40 });
  const { offline, ttlSec, idempotent, concurrency, params } = type.commands.get('c') ?? {};
  assert.deepEqual({ offline, ttlSec, idempotent }, { offline: 'reject', ttlSec: 60, idempotent: false });
  assert.equal(concurrency, 1);
  assert.deepEqual(params, { type: 'object', properties: {}, additionalProperties: false });
});

/** Any JSON with some of the forbidden keywords and much of what a definition is made of. */
const forbidden = [
  'pattern',
  '$ref',
  '$dynamicRef',
  'uniqueItems',
  '$defs',
  'patternProperties',
  'format',
  'allOf',
];

/** Everywhere in a valid definition that a keyword could be put: every object that stands for a schema. */
function schemaPlaces(): { root: Record<string, unknown>; places: Record<string, unknown>[] } {
  const leaf = [
    { type: 'number' },
    { type: 'integer' },
    { type: 'boolean' },
    { type: 'string', maxLength: 9 },
  ];
  const list = { type: 'array', maxItems: 3, items: leaf[3] };
  const inner = { type: 'object', properties: { list }, additionalProperties: false };
  const field: Record<string, unknown> = { type: 'string', enum: ['x'], 'x-tag': true };
  const number: Record<string, unknown> = { type: 'number' };
  const reading = stream({ number, field });
  const data = {
    type: 'object',
    properties: { n: leaf[0], i: leaf[1], b: leaf[2] },
    additionalProperties: false,
  };
  const command = { safety: 'config', params: inner, output: structuredClone(inner) };
  const presence = { heartbeatSec: 30 };
  const root = {
    name: 'meter',
    version: 1,
    presence,
    streams: { s: reading },
    events: { e: data },
    commands: { c: command },
  };
  return {
    root,
    places: [root, presence, reading, field, number, data, ...leaf, command, inner, list, command.output],
  };
}

test('no keyword outside the closed list is accepted anywhere', () => {
  assert.doesNotThrow(() => compileDeviceType(schemaPlaces().root, 'f'));
  const { length } = schemaPlaces().places;
  const values = fc.oneof(fc.constantFrom('^(a+)+$', '#', true, {}, [], null, 'regex'), fc.jsonValue());
  fc.assert(
    fc.property(fc.constantFrom(...forbidden), values, fc.nat(length - 1), (keyword, value, index) => {
      const { root, places } = schemaPlaces();
      const place = places[index];
      assert.ok(place !== undefined);
      place[keyword] = value;
      const faults = refusal(root);
      assert.ok(
        faults.some(({ path }) => path.endsWith(`/${keyword}`)),
        JSON.stringify(faults),
      );
    }),
    { numRuns: 500 },
  );
});

test('any other JSON as a definition is refused with a fault, never with another error', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => assert.ok(refusal(value).length > 0)),
    { numRuns: 300 },
  );
  const names = [
    'name',
    'version',
    'streams',
    'commands',
    'events',
    'presence',
    'params',
    'required',
    'anyOf',
    's',
  ];
  const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
    tree: fc.oneof(
      { maxDepth: 6 },
      fc.jsonValue({ maxDepth: 1 }),
      fc.dictionary(fc.constantFrom(...names), tie('tree')),
    ),
  }));
  fc.assert(
    fc.property(tree, (value) => {
      try {
        compileDeviceType(value, 'f');
      } catch (error) {
        assert.ok(error instanceof SchemaFault, String(error));
      }
    }),
    { numRuns: 500 },
  );
});

test('a definition nested 30,000 deep is refused', () => {
  const deep: unknown = JSON.parse('{"items":'.repeat(30_000) + '1' + '}'.repeat(30_000));
  assert.deepEqual(
    refusal(deep).map(({ keyword }) => keyword),
    ['depth'],
  );
  assert.deepEqual(
    refusal({ ...definition(), streams: { s: deep } }).map(({ keyword }) => keyword),
    ['depth'],
  );
});
