import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { openDeviceTypes } from '../../../hub/adapters/device-types.ts';
import { HubError } from '../../../hub/kernel/errors.ts';
import { silentLog } from '../../helpers/silent-log.ts';
import { typesFolder } from '../../helpers/types-folder.ts';

/** Device types that are published while the hub runs. */

async function openTypes(t: TestContext, readOnly?: string) {
  const dir = typesFolder(t);
  const types = await openDeviceTypes(dir, silentLog, readOnly);
  t.after(() => types.close());
  const file = (id: string): string => readFileSync(join(dir, `${id}.json`), 'utf8');
  const definition = JSON.parse(file('env-sensor@1')) as {
    version: number;
    streams: { env: { properties: Record<string, Record<string, unknown>> } };
  };
  return { dir, types, file, definition };
}

const isCode = (code: string) => (error: unknown) => error instanceof HubError && error.code === code;

test('a published type is in use when it is answered, and its file is whole', async (t) => {
  const { dir, types, file, definition } = await openTypes(t);
  let changes = 0;
  types.follow(() => (changes += 1));
  definition.streams.env.properties['temperature'] = { type: 'number', unit: 'Cel', maximum: 50 };
  const type = await types.publish(definition);
  assert.equal(changes, 1);
  assert.equal(types.get('env-sensor@1'), type);
  assert.match(type.streams.get('env')?.check({ temperature: 51 })?.expected ?? '', /50/);
  assert.deepEqual(JSON.parse(file('env-sensor@1')), definition);
  await types.publish({ ...definition, version: 2 });
  assert.equal(types.get('env-sensor@2')?.version, 2);
  assert.deepEqual(
    readdirSync(dir).filter((name) => !name.endsWith('.json')),
    [],
  );
});

test('what is not valid, or changes the kind of a field, is refused with each fault, and nothing is written', async (t) => {
  const { types, file, definition } = await openTypes(t);
  const before = file('env-sensor@1');
  const { properties } = definition.streams.env;
  properties['temperature'] = { type: 'string', maxLength: 9 };
  const judged = types.judge(definition);
  assert.ok('faults' in judged);
  assert.deepEqual(
    judged.faults.map(({ path, keyword }) => [path, keyword]),
    [['/streams/env/properties/temperature', 'kind']],
  );
  await assert.rejects(types.publish(definition), isCode('schema-invalid'));
  await assert.rejects(types.publish({ ...definition, version: 2 }), isCode('schema-invalid'));
  await assert.rejects(types.publish({ ...definition, name: '../../x' }), isCode('schema-invalid'));
  assert.equal(file('env-sensor@1'), before);
});

test('nothing is published beside a file that would not be taken, nor where it is read-only', async (t) => {
  const { dir, types, definition } = await openTypes(t);
  writeFileSync(join(dir, 'broken@1.json'), '{');
  await assert.rejects(types.publish({ ...definition, version: 2 }), isCode('schema-invalid'));
  assert.ok(!readdirSync(dir).includes('env-sensor@2.json'));
  const fixed = await openTypes(t, 'it comes with the hub');
  await assert.rejects(fixed.types.publish(definition), /it comes with the hub/);
});
