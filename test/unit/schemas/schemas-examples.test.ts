import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import {
  compileDeviceType,
  deviceFrameChecks,
  hubFrameChecks,
  loadDeviceTypes,
  mqttChecks,
  SchemaFault,
  type Check,
  type FieldError,
} from '../../../schemas/index.ts';

const examples = new URL('../../../schemas/examples/', import.meta.url);
const catalog = await loadDeviceTypes(new URL('../../../schemas/device-types', import.meta.url).pathname);

/** The first fault of a device type's definition. */
const definitionCheck: Check = (value) => {
  try {
    compileDeviceType(value, 'example.json');
    return undefined;
  } catch (error) {
    assert.ok(error instanceof SchemaFault);
    return error.errors[0];
  }
};

/** Every check there is, by the name of its folder of examples. */
function allChecks(): Map<string, Check> {
  const checks = new Map<string, Check>([['device-type', definitionCheck]]);
  for (const [name, check] of Object.entries(deviceFrameChecks)) checks.set(name, check);
  for (const [name, check] of Object.entries(hubFrameChecks)) {
    checks.set(name === 'heartbeat' ? 'heartbeat-reply' : name, check);
  }
  for (const [name, check] of Object.entries(mqttChecks)) checks.set(`mqtt-${name}`, check);
  for (const type of catalog.all()) {
    for (const stream of type.streams.values()) checks.set(`${type.id}.streams.${stream.name}`, stream.check);
    for (const event of type.events.values()) checks.set(`${type.id}.events.${event.name}`, event.check);
    if (type.twin !== undefined) {
      checks.set(`${type.id}.twin.desired`, type.twin.checkDesired);
      checks.set(`${type.id}.twin.reported`, type.twin.checkReported);
    }
    for (const command of type.commands.values()) {
      checks.set(`${type.id}.commands.${command.name}.params`, command.checkParams);
      checks.set(`${type.id}.commands.${command.name}.output`, command.checkOutput);
    }
  }
  return checks;
}

function* examplesIn(kind: 'valid' | 'invalid', folder: string): Generator<[name: string, value: unknown]> {
  const dir = new URL(`${kind}/${folder}/`, examples);
  for (const name of readdirSync(dir)) yield [name, JSON.parse(readFileSync(new URL(name, dir), 'utf8'))];
}

/** The configuration's examples are judged by its own test: it answers with all faults, not with one. */
function foldersOf(kind: 'valid' | 'invalid'): string[] {
  return readdirSync(new URL(`${kind}/`, examples)).filter((folder) => folder !== 'config');
}

const checks = allChecks();

test('every frame, payload, stream and event has valid and invalid examples', () => {
  for (const folder of checks.keys()) {
    if (folder.includes('.commands.')) continue;
    assert.ok([...examplesIn('valid', folder)].length >= 1, `valid/${folder}`);
    assert.ok([...examplesIn('invalid', folder)].length >= 2, `invalid/${folder}`);
  }
});

for (const folder of foldersOf('valid')) {
  test(`valid examples of ${folder} are accepted`, () => {
    const check = checks.get(folder);
    assert.ok(check !== undefined, `no check goes with valid/${folder}`);
    for (const [name, value] of examplesIn('valid', folder)) assert.equal(check(value), undefined, name);
  });
}

for (const folder of foldersOf('invalid')) {
  test(`invalid examples of ${folder} are refused by field and rule`, () => {
    const check = checks.get(folder);
    assert.ok(check !== undefined, `no check goes with invalid/${folder}`);
    const isFrame = folder in deviceFrameChecks || folder in hubFrameChecks || folder === 'heartbeat-reply';
    for (const [name, example] of examplesIn('invalid', folder)) {
      const { value, error } = example as { value: unknown; error: Pick<FieldError, 'path' | 'keyword'> };
      const found = check(value);
      assert.ok(found !== undefined, `${name} is accepted`);
      assert.deepEqual({ path: found.path, keyword: found.keyword }, error, name);
      assert.equal(found.in, isFrame ? 'frame' : undefined, name);
      assert.ok(found.expected.length > 0 && found.expected.length <= 200, `${name}: ${found.expected}`);
      assert.ok(found.got.length > 0 && found.got.length <= 64, `${name}: ${found.got}`);
    }
  });
}
