import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  compileDeviceType,
  loadDeviceType,
  SchemaFault,
  type Check,
  type DeviceType,
  type FieldError,
} from '../../../schemas/index.ts';
import { hostileJson, hostileName } from '../../helpers/fuzz/hostile-values.ts';
import { attempts, jsonTexts, nearly, type JsonSchema } from '../../helpers/fuzz/schema-values.ts';
import { temporaryFolder } from '../../helpers/services/guard.ts';

const folder = new URL('../../../schemas/device-types/', import.meta.url);
const definitions = readdirSync(folder).map(
  (name) => JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as object,
);

/** Shipped types with one place changed, or two. */
const definition = fc.oneof(
  nearly(fc.constantFrom(...definitions)),
  nearly(nearly(fc.constantFrom(...definitions))),
);

/** A place, a rule, and what is there, short enough for a frame. */
function assertNamed({ path, keyword, expected, got }: FieldError): void {
  const words = JSON.stringify({ path, keyword, expected, got });
  assert.ok(path === '' || path.startsWith('/'), words);
  assert.ok(keyword !== '' && expected !== '' && got !== '' && got.length <= 300, words);
}

/** Everything of the type that judges data, with the schema that it judges by. */
function checksOf(type: DeviceType): [Check, JsonSchema][] {
  const { streams = {}, events = {} } = type.definition;
  return [
    ...[...type.streams.values()].map(({ name, check }) => [check, streams[name]] as [Check, JsonSchema]),
    ...[...type.events.values()].map(({ name, check }) => [check, events[name]] as [Check, JsonSchema]),
    ...[...type.commands.values()].flatMap(({ checkParams, checkOutput, params, output }) => [
      [checkParams, params] as [Check, JsonSchema],
      [checkOutput, output] as [Check, JsonSchema],
    ]),
  ];
}

test('whatever the file of a device type has, it is a device type or a fault that names the file and the places in it', async (t) => {
  const made = temporaryFolder('hostile-types');
  t.after(() => made.remove());
  const file = join(made.path, 'env-sensor@1.json');
  const seen = { taken: 0, refused: 0 };
  await fc.assert(
    fc.asyncProperty(jsonTexts(fc.oneof({ weight: 6, arbitrary: definition }, hostileJson)), async (text) => {
      writeFileSync(file, text);
      try {
        assert.equal((await loadDeviceType(file)).id, 'env-sensor@1');
        seen.taken += 1;
      } catch (error) {
        assert.ok(error instanceof SchemaFault, String(error));
        assert.ok(error.file === file && error.message.startsWith(`${file}: `) && error.errors.length > 0);
        error.errors.forEach(assertNamed);
        seen.refused += 1;
      }
    }),
    { numRuns: 250 },
  );
  assert.ok(seen.taken > 0 && seen.refused > 0, JSON.stringify(seen));
});

test('bytes that are no UTF-8 are a fault of the file, since they would be other characters without a word', async (t) => {
  const made = temporaryFolder('hostile-types');
  t.after(() => made.remove());
  const file = join(made.path, 'env-sensor@1.json');
  const [sensor] = definitions;
  writeFileSync(file, Buffer.from(JSON.stringify({ ...sensor, title: 'Fühler' }), 'latin1'));
  await assert.rejects(loadDeviceType(file), (error) => {
    assert.ok(error instanceof SchemaFault && error.message.includes('UTF-8'), String(error));
    return true;
  });
});

test('whatever the data, a check of a device type judges it and never throws, whatever the type', () => {
  const types = definitions.flatMap((value) => checksOf(compileDeviceType(value, 'shipped')));
  const known = fc
    .constantFrom(...types)
    .chain(([check, schema]) =>
      fc.tuple(fc.constant(check), fc.oneof(attempts(schema, {}), hostileJson, fc.constant(undefined))),
    );
  fc.assert(
    fc.property(known, ([check, data]) => {
      const fault = check(data);
      if (fault !== undefined) assertNamed(fault);
    }),
    { numRuns: 1_000 },
  );
  fc.assert(
    fc.property(definition, fc.array(hostileJson, { minLength: 5, maxLength: 5 }), (value, data) => {
      let type: DeviceType;
      try {
        type = compileDeviceType(value, 'changed');
      } catch (error) {
        assert.ok(error instanceof SchemaFault, String(error));
        return;
      }
      for (const [check] of checksOf(type)) for (const each of data) check(each);
    }),
    { numRuns: 100 },
  );
});

test('names that JavaScript knows, as fields and values, are judged like others', () => {
  const [check] = checksOf(compileDeviceType(definitions[0], 'shipped'))[0] ?? assert.fail();
  fc.assert(
    fc.property(hostileName, hostileJson, (name, value) => {
      const fault = check(
        JSON.parse(
          JSON.stringify(
            Object.fromEntries([
              ['temperature', 20],
              [name, value],
            ]),
          ),
        ),
      );
      assert.deepEqual([fault?.path, fault?.keyword], [`/${name}`, 'additionalProperties']);
    }),
  );
});
