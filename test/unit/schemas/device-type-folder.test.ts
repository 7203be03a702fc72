import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { loadDeviceTypes, SchemaFault } from '../../../schemas/index.ts';
import { definition, stream } from '../../helpers/type-definitions.ts';

async function folder(t: TestContext, files: Record<string, unknown>): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'device-types-'));
  t.after(() => rm(dir, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(files)) {
    await writeFile(join(dir, name), typeof content === 'string' ? content : JSON.stringify(content));
  }
  return dir;
}

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
