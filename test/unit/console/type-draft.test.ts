import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  ofKind,
  readDraft,
  withField,
  withoutField,
  withPart,
  withoutPart,
  withRequired,
} from '../../../dashboards/console/src/device-types/type-draft.ts';
import type { ObjectDefinition } from '../../../schemas/device-type-definition.ts';
import { compileDeviceType } from '../../../schemas/index.ts';

/** A device type while it is edited. */

const env: ObjectDefinition = {
  type: 'object',
  properties: { temperature: { type: 'number', unit: 'Cel', maximum: 60 }, mode: { type: 'boolean' } },
  required: ['temperature'],
  additionalProperties: false,
};
const draft = {
  name: 'boiler',
  version: 1,
  streams: { env },
  presence: { heartbeatSec: 30 },
};

test('fields and streams come, change in their place, and go without a trace', () => {
  const changed = withRequired(withField(env, 'temperature', { type: 'integer' }), 'mode', true);
  assert.deepEqual(Object.keys(changed.properties ?? {}), ['temperature', 'mode']);
  assert.deepEqual(changed.required, ['temperature', 'mode']);
  const { properties, required } = withoutField(env, 'temperature');
  assert.deepEqual([Object.keys(properties ?? {}), required], [['mode'], undefined]);
  const more = withPart(draft, 'events', 'alarm');
  assert.deepEqual(Object.keys(more.events ?? {}), ['alarm']);
  assert.deepEqual(withoutPart(more, 'events', 'alarm').events, {});
  assert.equal(compileDeviceType(withPart(draft, 'streams', 'env', changed), 'x').id, 'boiler@1');
});

test('a field of another kind loses the rules that the new kind does not know', () => {
  const field = { type: 'number', title: 'T', unit: 'Cel', maximum: 60, 'x-high': 50 } as const;
  assert.deepEqual(ofKind(field, 'integer'), { ...field, type: 'integer' });
  assert.deepEqual(ofKind(field, 'boolean'), { type: 'boolean', title: 'T' });
  assert.deepEqual(ofKind(field, 'string'), { type: 'string', title: 'T', maxLength: 64 });
});

test('JSON that the form could not show is refused', () => {
  assert.deepEqual(readDraft(JSON.stringify(draft)), draft);
  const shapes: unknown[] = [
    5,
    null,
    { ...draft, presence: 1 },
    { ...draft, streams: { env: 7 } },
    { ...draft, streams: { env: { properties: { a: null } } } },
    { ...draft, streams: { env: { properties: { a: { type: 'array' } } } } },
    { ...draft, events: { e: { properties: {}, required: 'a' } } },
  ];
  for (const shape of shapes) assert.throws(() => readDraft(JSON.stringify(shape)), JSON.stringify(shape));
  assert.throws(() => readDraft('{'));
});
