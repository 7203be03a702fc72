import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  inlined,
  partsOfAsyncApi,
  partsOfOpenApi,
  partsWith,
} from '../../../dashboards/console/src/interfaces/described-parts.ts';
import { operations } from '../../../schemas/api/document/api.ts';
import { asyncApiDocument } from '../../../schemas/api/document/asyncapi.ts';
import { openApiDocument } from '../../../schemas/api/document/openapi.ts';
import { mqttTopics } from '../../../schemas/mqtt/mqtt-topics.ts';
import { deviceFrameSchemas, hubFrameSchemas } from '../../../schemas/protocol/frame-schemas.ts';

test('every operation, frame and topic is on the page of the interfaces, and none without words', () => {
  const asked = partsOfOpenApi(openApiDocument());
  assert.deepEqual(
    asked.map(({ name }) => name).toSorted(),
    operations.map(({ method, path }) => `${method} ${path}`).toSorted(),
  );
  const said = partsOfAsyncApi(asyncApiDocument());
  const frames = said.filter(({ group }) => group === 'Frames of devices').map(({ name }) => name);
  const expected = [
    ...Object.keys(deviceFrameSchemas).map((type) => `device: ${type}`),
    ...Object.keys(hubFrameSchemas).map((type) => `hub: ${type}`),
  ];
  assert.deepEqual(frames.toSorted(), expected.toSorted());
  assert.equal(said.length - frames.length, mqttTopics.length);
  for (const { name, summary, group } of [...asked, ...said])
    assert.ok(name !== '' && summary !== '' && group !== '', name);
});

test('what is shown of a part has everything in its place, and no reference that leads nowhere', () => {
  const document = openApiDocument();
  for (const { name, details } of partsOfOpenApi(document)) {
    const text = JSON.stringify(inlined(document, details));
    assert.doesNotMatch(text, /"\$ref":"#\/components/, name);
  }
});

test('a reference that leads back to itself stays one', () => {
  const document = { components: { schemas: { Tree: { of: { $ref: '#/components/schemas/Tree' } } } } };
  const tree = { $ref: '#/components/schemas/Tree' };
  assert.deepEqual(inlined(document, tree), { of: tree });
  assert.deepEqual(inlined(document, { $ref: '#/gone' }), { $ref: '#/gone' });
});

test('a search takes words in any order, of name, meaning and group', () => {
  const parts = partsOfOpenApi(openApiDocument());
  const found = partsWith(parts, 'METRICS get').map(({ name }) => name);
  assert.ok(found.includes('GET /metrics'));
  assert.equal(partsWith(parts, '').length, parts.length);
  assert.deepEqual(partsWith(parts, 'no such words'), []);
});
