import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { Postgres } from '../../../hub/adapters/postgres/postgres.ts';
import { openSharedDeviceTypes } from '../../../hub/adapters/shared-device-types.ts';
import { HubError } from '../../../hub/kernel/errors.ts';
import { silentLog } from '../../helpers/silent-log.ts';
import { meet, twoHubs, type StoredHub } from '../../helpers/stores/two-hubs.ts';
import { typesFolder } from '../../helpers/types-folder.ts';

/** The device types of several hubs: what one publishes, the others take up. */

const openHubs = twoHubs();
const hold = (query: Postgres['query']) => query('SELECT 1 FROM device_type_rev FOR UPDATE');
const typesOf = (t: TestContext, { types }: StoredHub, dir = typesFolder(t)) =>
  openSharedDeviceTypes(types, dir, silentLog);

/** A type with one stream that has this field. */
const definition = (version: number, field: string, kind = 'number', name = 'pump') => ({
  name,
  version,
  streams: {
    [name]: {
      type: 'object',
      properties: { [field]: { type: kind } },
      required: [field],
      additionalProperties: false,
    },
  },
  presence: { heartbeatSec: 30 },
});
const codeOf = (error: unknown): string => (error instanceof HubError ? error.code : String(error));

test('a type that is published at one hub is in use there at once, and at the other with its next look', async (t) => {
  const { a, b } = await openHubs(t);
  const [here, there] = [await typesOf(t, a), await typesOf(t, b)];
  assert.deepEqual(
    there.all().map(({ id }) => id),
    here.all().map(({ id }) => id),
    'the types of the folder',
  );
  let told = 0;
  there.follow(() => (told += 1));
  assert.equal((await here.publish(definition(1, 'flow'))).id, 'pump@1');
  assert.equal(there.get('pump@1'), undefined);
  await there.refresh();
  await there.refresh();
  assert.deepEqual([there.get('pump@1')?.version, told], [1, 1]);
  await assert.rejects(there.publish(definition(2, 'flow', 'boolean')), { code: 'schema-invalid' });
});

test('of two hubs that publish one version at one moment one is told, and nothing is lost', async (t) => {
  const { a, b, db } = await openHubs(t);
  const [here, there] = [await typesOf(t, a), await typesOf(t, b)];
  const publish = (types: typeof here, given: unknown) => () =>
    types.publish(given).then(({ id }) => id, codeOf);
  const both = await meet(db, hold, [
    publish(here, definition(1, 'flow')),
    publish(there, definition(1, 'power')),
  ]);
  assert.deepEqual(both.toSorted(), ['pump@1', 'type-changed']);
  await here.refresh();
  const streams = [here, there].map((types) => types.get('pump@1')?.definition.streams);
  assert.deepEqual(streams[0], streams[1]);
  // Who has seen it may replace it.
  assert.equal(await publish(there, definition(1, 'power'))(), 'pump@1');
  await here.refresh();
  const same = definition(2, 'power');
  const twice = await meet(db, hold, [publish(here, same), publish(there, same)]);
  assert.deepEqual(twice, ['pump@2', 'pump@2'], 'they agree');
  const others = await meet(db, hold, [
    publish(here, definition(1, 'level', 'number', 'tank')),
    publish(there, definition(1, 'angle', 'number', 'flap')),
  ]);
  assert.deepEqual(others, ['tank@1', 'flap@1'], 'two types are no conflict');
  const versions = await meet(db, hold, [
    publish(here, definition(3, 'heat')),
    publish(there, definition(4, 'heat', 'boolean')),
  ]);
  assert.ok(versions.includes('schema-invalid'), 'judged by what the other one has published');
});

test('the folder of a hub adds what the others do not have, and changes nothing that they have', async (t) => {
  const { a, b } = await openHubs(t);
  const here = await typesOf(t, a);
  await here.publish(definition(1, 'flow'));
  const dir = typesFolder(t);
  writeFileSync(join(dir, 'pump@1.json'), JSON.stringify(definition(1, 'power')));
  writeFileSync(join(dir, 'tank@1.json'), JSON.stringify(definition(1, 'level', 'number', 'tank')));
  const there = await typesOf(t, b, dir);
  assert.deepEqual(Object.keys(there.get('pump@1')?.definition.streams?.['pump']?.properties ?? {}), [
    'flow',
  ]);
  await here.refresh();
  assert.equal(here.get('tank@1')?.version, 1);
  rmSync(join(dir, 'tank@1.json'));
  assert.equal((await typesOf(t, b, dir)).get('tank@1')?.version, 1, 'it is with the cluster now');
});

test('a hub that cannot read what a newer one has published keeps its types and says so', async (t) => {
  const { a } = await openHubs(t);
  const here = await typesOf(t, a);
  const ids = here.all().map(({ id }) => id);
  const { rev } = await a.types.load();
  assert.equal(
    await a.types.put(rev, [{ id: 'pump@1', definition: { shape: 'of the next release' } }]),
    true,
  );
  await here.refresh();
  assert.match(here.fault ?? '', /the old ones stay/);
  assert.deepEqual(
    here.all().map(({ id }) => id),
    ids,
  );
  assert.equal(await a.types.put(rev, []), false, 'it has changed since');
  await a.types.put(rev + 1, [{ id: 'pump@1', definition: definition(1, 'flow') }]);
  await here.refresh();
  assert.deepEqual([here.fault, here.get('pump@1')?.version], [undefined, 1]);
});
