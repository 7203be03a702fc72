import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Type } from 'typebox';
import { exampleOf } from '../../../schemas/api/document/example.ts';
import { openApiDocument } from '../../../schemas/api/document/openapi.ts';
import { checkOf, type ApiDocument } from '../../helpers/openapi-client/document-check.ts';

const document = JSON.parse(JSON.stringify(openApiDocument())) as ApiDocument;
const check = checkOf(document);

test('each request body and each answer in the document has an example that its schema takes', () => {
  assert.ok(check.routes.length > 60);
  for (const route of check.routes) {
    const { operation } = route;
    const contents = Object.keys(operation.responses).map((status) => check.contentOf(route, Number(status)));
    for (const content of [operation.requestBody?.content, ...contents]) {
      for (const [media, { schema, example, examples = {} }] of Object.entries(content ?? {})) {
        const what = `${operation.operationId}, ${media}`;
        const given = example === undefined ? Object.values(examples).map(({ value }) => value) : [example];
        assert.ok(given.length > 0, `${what} has no example`);
        for (const value of given) check.fits(schema, value, what);
      }
    }
  }
});

test('an example with a member that the document does not have, however deep, does not fit', () => {
  const route = check.routes.find(({ operation }) => operation.operationId === 'listRejects');
  assert.ok(route !== undefined);
  const { schema } = check.contentOf(route, 200)?.['application/json'] ?? {};
  assert.ok(schema !== undefined);
  const row = {
    type: 'env-sensor@1',
    stream: 'env',
    field: '/temperature',
    rule: 'maximum',
    firmware: '',
    count: 1,
    lastMs: 1,
    example: { device: 'd-1', message: 'too much' },
  };
  check.fits(schema, { rejects: [row], other: 0 }, 'right');
  const planted = { ...row, example: { ...row.example, planted: 1 } };
  assert.throws(
    () => check.fits(schema, { rejects: [planted], other: 0 }, 'planted'),
    /additional properties/,
  );
});

test('an answer without an example, nor parts that have one, cannot be described', () => {
  const answer = Type.Object({ token: Type.String({ description: 'shown this once' }) });
  assert.throws(() => exampleOf(answer as object), /no example of shown this once/);
});
