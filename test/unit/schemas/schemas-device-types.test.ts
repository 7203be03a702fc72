import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import * as fc from 'fast-check';
import { compileDeviceType, loadDeviceTypes, SchemaFault, type FieldError } from '../../../schemas/index.ts';

const shipped = new URL('../../../schemas/device-types', import.meta.url).pathname;

interface Shape {
  name?: string;
  version?: number;
  streams?: Record<string, unknown>;
}

/** A definition with one stream `s` of one field `a`, changed as told. */
function definition({ name = 'meter', version = 1, streams }: Shape = {}): Record<string, unknown> {
  return {
    name,
    version,
    presence: { heartbeatSec: 30 },
    streams: streams ?? { s: stream({ a: { type: 'number' } }) },
  };
}

function stream(
  properties: Record<string, unknown>,
  required = Object.keys(properties),
): Record<string, unknown> {
  return { type: 'object', properties, required, additionalProperties: false };
}

async function folder(t: TestContext, files: Record<string, unknown>): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'device-types-'));
  t.after(() => rm(dir, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(files)) {
    await writeFile(join(dir, name), typeof content === 'string' ? content : JSON.stringify(content));
  }
  return dir;
}

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

/** Why the types of a folder are not loaded. */
async function faultOf(dir: string): Promise<SchemaFault> {
  const fault: unknown = await loadDeviceTypes(dir).catch((error: unknown) => error);
  assert.ok(fault instanceof SchemaFault);
  return fault;
}

test('a file that is not JSON, too big, or has a name twice is named with its fault', async (t) => {
  const cases: [content: string, path: string, keyword: string][] = [
    ['{"name": "meter",', '', 'json'],
    ['', '', 'json'],
    [' '.repeat(300_000), '', 'file'],
    [
      '{"name":"meter","version":1,"presence":{"heartbeatSec":30,"heartbeatSec":60}}',
      '/presence/heartbeatSec',
      'name',
    ],
    ['{"name":"meter","version":1,"presence":{"heartbeatSec":30},"n\\u0061me":"meter"}', '/name', 'name'],
  ];
  for (const [content, path, keyword] of cases) {
    const dir = await folder(t, { 'meter@1.json': content });
    const error = await faultOf(dir);
    assert.equal(error.file, join(dir, 'meter@1.json'));
    assert.deepEqual(
      error.errors.map((fault) => [fault.path, fault.keyword]),
      [[path, keyword]],
    );
  }
});

test('the same name in two objects, or as a value, is not a name twice', async (t) => {
  const streams = {
    a: stream({ name: { type: 'string', enum: ['name', 'a,"name":{', '\\'] } }),
    b: stream({ name: { type: 'number' } }),
  };
  const catalog = await loadDeviceTypes(await folder(t, { 'meter@1.json': definition({ streams }) }));
  assert.equal(catalog.all().length, 1);
});

test('a file named otherwise than its content is refused', async (t) => {
  for (const file of ['meter@2.json', 'Meter@1.json', 'meter.json', 'meter@01.json']) {
    const dir = await folder(t, { [file]: definition() });
    const error = await faultOf(dir);
    assert.equal(error.file, join(dir, file));
    assert.equal(error.errors[0]?.expected, 'in a file named meter@1.json');
  }
});

test('two types that write the same measurement are refused', async (t) => {
  const dir = await folder(t, {
    'a-b@1.json': definition({ name: 'a-b', streams: { c: stream({ x: { type: 'number' } }) } }),
    'a@1.json': definition({ name: 'a', streams: { 'b-c': stream({ y: { type: 'number' } }) } }),
  });
  const error = await faultOf(dir);
  assert.equal(error.file, join(dir, 'a-b@1.json'));
  assert.deepEqual(error.errors, [
    {
      path: '/streams/c',
      keyword: 'measurement',
      expected: 'a measurement not taken by a@1',
      got: '"a_b_c"',
    },
  ]);
});

test('a field that changes its kind, or becomes a tag, between versions is refused', async (t) => {
  const word = { type: 'string', enum: ['x'] };
  for (const [before, after, expected, got] of [
    [{ type: 'number' }, { type: 'integer' }, 'float, as in meter@1', 'integer'],
    [word, { ...word, 'x-tag': true }, 'string, as in meter@1', 'tag'],
  ] as const) {
    const version = (number: number, b: unknown) =>
      definition({ version: number, streams: { s: stream({ a: { type: 'number' }, b }) } });
    const dir = await folder(t, { 'meter@1.json': version(1, before), 'meter@10.json': version(10, after) });
    const error = await faultOf(dir);
    assert.equal(error.file, join(dir, 'meter@10.json'));
    assert.deepEqual(error.errors, [{ path: '/streams/s/properties/b', keyword: 'kind', expected, got }]);
  }
});

test('versions that agree load together, in order, with what is not JSON left alone', async (t) => {
  const dir = await folder(t, {
    'meter@10.json': definition({ version: 10 }),
    'meter@2.json': definition({
      version: 2,
      streams: { s: stream({ a: { type: 'number' }, b: { type: 'boolean' } }) },
    }),
    'README.md': '# not a type',
  });
  const catalog = await loadDeviceTypes(dir);
  assert.deepEqual(
    catalog.all().map(({ id }) => id),
    ['meter@2', 'meter@10'],
  );
});

test('a folder that is missing or has no types is named', async (t) => {
  const dir = await folder(t, {});
  await assert.rejects(loadDeviceTypes(dir), { name: 'SchemaFault', file: dir });
  await assert.rejects(loadDeviceTypes(join(dir, 'none')), { name: 'SchemaFault', file: join(dir, 'none') });
});
