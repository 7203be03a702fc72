import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Ajv2020, type AnySchemaObject } from 'ajv/dist/2020.js';
import * as fc from 'fast-check';
import {
  closeReasons,
  closeReasonText,
  deviceFrameChecks,
  namePattern,
  hubFrameChecks,
  limits,
  loadDeviceTypes,
  mqttChecks,
  type Check,
  type CloseReason,
  type FieldError,
} from '../../../schemas/index.ts';

const schemas = new URL('../../../schemas/', import.meta.url);
const catalog = await loadDeviceTypes(new URL('device-types', schemas).pathname);
const telemetry = deviceFrameChecks.telemetry;

function everyCheck(): Check[] {
  const checks = [deviceFrameChecks, hubFrameChecks, mqttChecks].flatMap((set) => Object.values(set));
  for (const type of catalog.all()) {
    for (const { check } of [...type.streams.values(), ...type.events.values()]) checks.push(check);
    for (const command of type.commands.values()) checks.push(command.checkParams, command.checkOutput);
  }
  return checks;
}

function schemaFiles(): [name: string, schema: AnySchemaObject][] {
  return readdirSync(schemas, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.schema.json'))
    .map((name) => [name, JSON.parse(readFileSync(new URL(name, schemas), 'utf8')) as AnySchemaObject]);
}

/** Arrays in arrays; JSON.parse takes them, recursive code does not. */
function deepArrays(depth: number): unknown {
  return JSON.parse('['.repeat(depth) + ']'.repeat(depth));
}

function text(length: number): string {
  return 'a'.repeat(length);
}

function hello(boot: string, unresolved: string[]): FieldError | undefined {
  return deviceFrameChecks.hello({ type: 'hello', boot, deviceType: 'a@1', t1: 0, unresolved });
}

function frameOf(count: number): object {
  const samples = Array.from({ length: count }, (_, index) => ({ ts: index, data: {} }));
  return { type: 'telemetry', seq: 1, stream: 'env', samples };
}

test('a check never throws, and its answer is short and leads to a place', () => {
  const checks = everyCheck();
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      for (const check of checks) {
        const error = check(value);
        if (error === undefined) continue;
        assert.match(error.path, /^(\/.*)?$/s);
        assert.ok(error.got.length <= 64 && error.expected.length <= 200 && error.keyword.length <= 64);
      }
    }),
    { numRuns: 300 },
  );
});

test('a check never throws on a frame whose fields hold anything', () => {
  const names = [
    'seq',
    'stream',
    'ts',
    'up',
    'data',
    'samples',
    'boot',
    't1',
    're',
    'status',
    'ids',
    '__proto__',
  ];
  const anything = fc.oneof(fc.jsonValue(), fc.double(), fc.constant(undefined));
  const checks = everyCheck();
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom(...names), anything), (frame) => {
      for (const check of checks) check(frame);
    }),
    { numRuns: 300 },
  );
});

test('a value nested 30,000 deep is judged without a throw, wherever it stands', () => {
  const deep = deepArrays(30_000);
  const frames = [
    deep,
    { seq: deep, ts: deep, t1: deep, re: deep, data: deep },
    { type: 'telemetry', seq: 1, stream: 'env', samples: deep },
    { temperature: deep, percent: deep },
  ];
  for (const check of everyCheck()) for (const frame of frames) check(frame);
  assert.equal(telemetry({ type: 'telemetry', seq: 1, stream: 'env', ts: 1, data: deep }), undefined);
  const env = catalog.get('env-sensor@1')?.streams.get('env');
  assert.equal(env?.check({ temperature: deep })?.got, 'array of 1');
});

test('fields of a prototype do not count as sent', () => {
  const inherited: unknown = Object.create({ type: 'telemetry', seq: 1, stream: 'env', ts: 1, data: {} });
  assert.equal(telemetry(inherited)?.keyword, 'required');
  const env = catalog.get('env-sensor@1')?.streams.get('env');
  assert.equal(env?.check(Object.create({ temperature: 1 }))?.path, '/temperature');
});

test('a frame takes 500 samples and not 501', () => {
  assert.equal(telemetry(frameOf(limits.samples)), undefined);
  assert.deepEqual(telemetry(frameOf(limits.samples + 1)), {
    path: '/samples',
    keyword: 'maxItems',
    expected: 'at most 500 items',
    got: 'array of 501',
    in: 'frame',
  });
});

test('the name of an unknown field is shortened in the answer', () => {
  const env = catalog.get('env-sensor@1')?.streams.get('env');
  const error = env?.check({ temperature: 1, ['x'.repeat(60_000)]: 'y'.repeat(60_000) });
  assert.equal(error?.keyword, 'additionalProperties');
  assert.equal(error?.path.length, 65);
  assert.equal(error?.got.length, 64);
});

test('a misspelt field is named beside the one that is missing, with what was meant', () => {
  const params = catalog.get('env-sensor@1')?.commands.get('set-interval')?.checkParams;
  const env = catalog.get('env-sensor@1')?.streams.get('env')?.check;
  const missing = { path: '/seconds', keyword: 'required', got: 'nothing' };
  assert.deepEqual(params?.({ secnds: 5 }), {
    ...missing,
    expected: 'present ("secnds" is no field; did you mean seconds?)',
  });
  assert.deepEqual(params({ colour: 5 }), { ...missing, expected: 'present ("colour" is no field)' });
  assert.deepEqual(params({}), { ...missing, expected: 'present' });
  assert.equal(
    env?.({ temperature: 1, humidty: 50 })?.expected,
    'no field of this name (did you mean humidity?)',
  );
  assert.equal(env({ temperature: 1, x: 50 })?.expected, 'no field of this name');
});

test('params, output and event data that are left out count as the empty object', () => {
  const valve = catalog.get('smart-valve@1');
  assert.equal(valve?.commands.get('close')?.checkParams(undefined), undefined);
  assert.equal(valve?.commands.get('close')?.checkOutput(undefined), undefined);
  assert.equal(valve?.events.get('leak')?.check(undefined), undefined);
  assert.equal(valve?.commands.get('set-position')?.checkParams(undefined)?.path, '/percent');
  assert.equal(valve?.commands.get('close')?.checkParams(null)?.keyword, 'type');
});

test('the bounds in the frame schemas are those of the limits', () => {
  const ids = Array.from({ length: limits.ids }, () => text(limits.id));
  assert.equal(hello(text(limits.boot), ids), undefined);
  assert.equal(hello(text(limits.boot + 1), [])?.path, '/boot');
  assert.equal(hello('b', [...ids, 'c'])?.keyword, 'maxItems');
  assert.equal(hello('b', [text(limits.id + 1)])?.path, '/unresolved/0');
  const longest = `${text(64)}@9999`;
  assert.equal(longest.length, limits.deviceType);
  assert.equal(deviceFrameChecks.hello({ type: 'hello', boot: 'b', deviceType: longest, t1: 0 }), undefined);
  const note = (length: number) =>
    deviceFrameChecks.progress({ type: 'progress', re: 'c', note: text(length) });
  assert.equal(note(limits.note), undefined);
  assert.equal(note(limits.note + 1)?.path, '/note');
  const result = (length: number) =>
    deviceFrameChecks.result({ type: 'result', re: 'c', status: 'failed', error: text(length) });
  assert.equal(result(limits.errorText), undefined);
  assert.equal(result(limits.errorText + 1)?.path, '/error');
  const stream = (length: number) =>
    telemetry({ type: 'telemetry', seq: 1, stream: text(length), ts: 0, data: 0 });
  assert.equal(stream(limits.name), undefined);
  assert.equal(stream(limits.name + 1)?.path, '/stream');
  const nack = (count: number, path = '') =>
    hubFrameChecks.nack({
      type: 'nack',
      code: 'schema',
      retry: false,
      errors: Array.from({ length: count }, () => ({
        path,
        keyword: 'type',
        expected: 'number',
        got: 'null',
      })),
    });
  assert.equal(nack(limits.errors), undefined);
  assert.equal(nack(limits.errors + 1)?.path, '/errors');
  assert.equal(nack(1, text(limits.path)), undefined);
  assert.equal(nack(1, text(limits.path + 1))?.path, '/errors/0/path');
});

test('ids on the wire follow the grammar of device ids', () => {
  fc.assert(
    fc.property(
      fc.string({ maxLength: 70, unit: fc.constantFrom('a', 'Z', '0', '_', '-', '/', '+', '#', ' ', 'é') }),
      (re) => {
        assert.equal(
          deviceFrameChecks.received({ type: 'received', re }) === undefined,
          namePattern.test(re),
        );
      },
    ),
  );
});

test('every close reason fits into a close frame', () => {
  for (const reason of Object.keys(closeReasons) as CloseReason[]) {
    const words = closeReasonText(reason, Number.MAX_SAFE_INTEGER);
    assert.ok(Buffer.byteLength(words) <= limits.closeReasonBytes, words);
    assert.deepEqual(JSON.parse(words), { code: reason, retryAfterMs: Number.MAX_SAFE_INTEGER });
  }
  assert.equal(closeReasonText('draining', 1200.4), '{"code":"draining","retryAfterMs":1200}');
  assert.equal(closeReasonText('bye'), '{"code":"bye"}');
});

test('every schema is a valid schema of draft 2020-12', () => {
  const ajv = new Ajv2020({ strict: false });
  const files = schemaFiles();
  assert.ok(files.length >= 24);
  for (const [name, schema] of files) assert.ok(ajv.validateSchema(schema), `${name}: ${ajv.errorsText()}`);
});

test('our own anyOf judges as the standard one does', () => {
  const ajv = new Ajv2020({ strict: false, ownProperties: true });
  const frame = JSON.parse(
    readFileSync(new URL('protocol/telemetry.schema.json', schemas), 'utf8'),
  ) as AnySchemaObject;
  const standard = ajv.compile(frame);
  const time = fc.constantFrom(1, 2.5, -1, 'soon');
  const part = { ts: time, up: time, data: fc.constant({}) };
  const sample = fc.record(part, { requiredKeys: [] });
  const anyFrame = fc.record(
    {
      type: fc.constant('telemetry'),
      seq: fc.constantFrom(1, 0),
      stream: fc.constant('env'),
      ...part,
      samples: fc.array(sample, { maxLength: 2 }),
    },
    { requiredKeys: ['type', 'seq', 'stream'] },
  );
  fc.assert(
    fc.property(anyFrame, (value) => assert.equal(telemetry(value) === undefined, standard(value))),
    { numRuns: 1000 },
  );
});
