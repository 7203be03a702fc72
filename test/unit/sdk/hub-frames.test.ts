import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { hubFrameChecks, type HubFrame } from '../../../schemas/index.ts';
import { parseHubFrame } from '../../../sdk/typescript/src/core/hub-frame.ts';

/** What the SDK takes for a frame of the hub, held against the schemas. */

const examples = fileURLToPath(new URL('../../../schemas/examples', import.meta.url));

/** The examples of a kind, by frame type. */
function frames(kind: 'valid' | 'invalid'): [type: string, frame: Record<string, unknown>][] {
  return globSync(`${examples}/${kind}/*/*.json`).flatMap((file) => {
    const name = basename(dirname(file));
    const type = name === 'heartbeat-reply' ? 'heartbeat' : name;
    if (!Object.hasOwn(hubFrameChecks, type) || (type === 'heartbeat' && name !== 'heartbeat-reply'))
      return [];
    return [[type, JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>]];
  });
}

test('every valid frame of the hub is taken', () => {
  const valid = frames('valid');
  assert.equal(new Set(valid.map(([type]) => type)).size, Object.keys(hubFrameChecks).length);
  for (const [, frame] of valid) assert.deepEqual(parseHubFrame(JSON.stringify(frame)), frame);
});

test('a frame of a newer hub is taken: further fields, and a code that is not known yet', () => {
  const nack = { type: 'nack', seq: 1, code: 'of-the-future', retry: true, why: { deep: 1 } };
  assert.deepEqual(parseHubFrame(JSON.stringify(nack)), nack);
});

test('with one field of another kind a frame is ignored, unless its schema takes that too', () => {
  const valid = frames('valid');
  const value = fc.oneof(
    fc.string(),
    fc.double(),
    fc.boolean(),
    fc.constant(null),
    fc.constant([]),
    fc.constant({}),
  );
  const given = fc.tuple(fc.constantFrom(...valid), fc.nat(20), value);
  fc.assert(
    fc.property(given, ([[type, frame], at, other]) => {
      const names = Object.keys(frame).filter((name) => name !== 'type');
      const name = names[at % names.length];
      if (name === undefined) return;
      const changed = JSON.parse(JSON.stringify({ ...frame, [name]: other })) as Record<string, unknown>;
      const isValid = hubFrameChecks[type as HubFrame['type']](changed) === undefined;
      const taken = parseHubFrame(JSON.stringify(changed));
      if (isValid) assert.ok(taken !== undefined, `${type} with this ${name}`);
      // Texts and details that the device only passes on may have any form.
      const isPassedOn = [
        'name',
        'code',
        'safety',
        'topic',
        'reason',
        'errors',
        'secret',
        'id',
        'now',
        'data',
        'traceparent',
      ];
      if (!isValid && !isPassedOn.includes(name) && !isHint(type, name))
        assert.equal(taken, undefined, `${type} with this ${name}`);
    }),
    { numRuns: 2_000 },
  );
});

test('a frame with a number out of its range is ignored, wherever the number stands', () => {
  const edges = [-1, -0.5, 0, 0.5, 1.5, 2 ** 53, '1', null];
  let refused = 0;
  for (const [type, frame] of frames('valid'))
    for (const path of numbersIn(frame))
      for (const edge of edges) {
        const changed = structuredClone(frame);
        put(changed, path, edge);
        const isValid = hubFrameChecks[type as HubFrame['type']](changed) === undefined;
        const isPassedOn = ['data', 'params', 'state', 'now'].some(
          (name) => path.includes(name) && type !== 'welcome',
        );
        if (isPassedOn || isHint(type, path[0] ?? '')) continue;
        refused += isValid ? 0 : 1;
        const place = `${type} with ${path.join('.')} ${edge}`;
        assert.equal(parseHubFrame(JSON.stringify(changed)) !== undefined, isValid, place);
      }
  assert.ok(refused > 100);
});

/** What the device can do without. */
function isHint(type: string, name: string): boolean {
  return (
    (type === 'nack' && ['retryAfterMs', 'rejectedSamples', 'retry'].includes(name)) ||
    (type === 'drain' && name === 'reconnectAfterMs')
  );
}

test('a nack or a drain with a bad hint is still one, without the hint', () => {
  const nack = { type: 'nack', seq: 1, code: 'busy', retry: true };
  const read = (frame: object): unknown => parseHubFrame(JSON.stringify(frame));
  for (const hint of [null, 'x', -1, [], {}]) {
    assert.deepEqual(read({ ...nack, retryAfterMs: hint }), nack);
    assert.deepEqual(read({ ...nack, code: hint }), { ...nack, code: hint === 'x' ? 'x' : 'unknown' });
    assert.deepEqual(read({ ...nack, errors: [hint] }), nack);
    assert.deepEqual(read({ ...nack, retry: hint }), { ...nack, retry: false });
    const drain = { type: 'drain', reason: 'restart' };
    assert.deepEqual(read({ ...drain, reconnectAfterMs: hint }), { ...drain, reconnectAfterMs: 0 });
  }
  for (const samples of [null, 'x', [-1], {}, ['0']])
    assert.deepEqual(read({ ...nack, rejectedSamples: samples }), nack);
  assert.equal(read({ ...nack, seq: 'x' }), undefined, 'of which reading, nobody knows');
});

function numbersIn(value: unknown, path: readonly string[] = []): (readonly string[])[] {
  if (typeof value === 'number') return [path];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, member]) => numbersIn(member, [...path, name]));
}

function put(frame: Record<string, unknown>, path: readonly string[], value: unknown): void {
  const [name = '', ...below] = path;
  if (below.length === 0) frame[name] = value;
  else put(frame[name] as Record<string, unknown>, below, value);
}

test('text that is no frame is ignored: half of one, too long, too deep, or of no type', () => {
  const welcome = frames('valid').find(([type]) => type === 'welcome')?.[1];
  const text = JSON.stringify(welcome);
  for (let length = 0; length < text.length; length += 1)
    assert.equal(parseHubFrame(text.slice(0, length)), undefined);
  const notice = (data: string): string => `{"type":"notice","topic":"t","data":${data}}`;
  assert.ok(parseHubFrame(notice('"[[[["')));
  assert.ok(parseHubFrame(notice(`${'['.repeat(60)}${']'.repeat(60)}`)));
  assert.equal(parseHubFrame(notice(`${'['.repeat(70)}${']'.repeat(70)}`)), undefined);
  assert.equal(parseHubFrame(notice(`"${'x'.repeat(70_000)}"`)), undefined);
  for (const odd of [
    'null',
    '[]',
    '1',
    '"welcome"',
    '{}',
    '{"type":"toString"}',
    '{"type":1}',
    '{"type":"hello"}',
  ])
    assert.equal(parseHubFrame(odd), undefined);
});
