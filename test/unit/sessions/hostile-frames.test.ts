import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { parsePayload } from '../../../hub/commands/command-request.ts';
import { parseDeviceFrame } from '../../../hub/sessions/frames/frame-decoder.ts';
import { deviceFrameChecks, type FieldError } from '../../../schemas/index.ts';
import { hostileText } from '../../helpers/fuzz/hostile-values.ts';
import { attempts, jsonTexts, type JsonSchema } from '../../helpers/fuzz/schema-values.ts';

const schemaOf = (path: string): JsonSchema =>
  JSON.parse(
    readFileSync(new URL(`../../../schemas/${path}.schema.json`, import.meta.url), 'utf8'),
  ) as JsonSchema;

const textsOf = (paths: readonly string[]): fc.Arbitrary<string> =>
  jsonTexts(fc.oneof(...paths.map((path) => attempts(schemaOf(path), {}))));

/** A place and a rule, and what is there, each short enough for an answer. */
function assertNamed(fault: FieldError | undefined, text: string): void {
  const words = `${JSON.stringify(fault)} for ${text}`;
  assert.ok(fault !== undefined && (fault.path === '' || fault.path.startsWith('/')), words);
  assert.ok(fault.keyword !== '' && fault.expected !== '' && fault.got !== '', words);
  assert.ok(fault.got.length <= 64 && fault.expected.length <= 200, words);
}

test('whatever a device sends, it is a frame, or refused with the place and the rule', () => {
  const names = Object.keys(deviceFrameChecks).map((name) => `protocol/${name}`);
  const seen = new Set<string>();
  fc.assert(
    fc.property(textsOf(names), (text) => {
      const parsed = parseDeviceFrame(text);
      seen.add(parsed.kind);
      if (parsed.kind === 'invalid') assertNamed(parsed.fault, text);
      if (parsed.kind === 'undecodable') assertNamed(parsed.error, text);
      if (parsed.kind === 'frame')
        for (const fault of parsed.spoilt?.values() ?? []) assertNamed(fault, text);
    }),
    { numRuns: 1_500 },
  );
  assert.deepEqual([...seen].toSorted(), ['frame', 'invalid', 'undecodable', 'unknown-type']);
});

test('whatever a request over MQTT has, it is read, or refused with the place and the rule', () => {
  const kind = fc.constantFrom<'command' | 'group-command'>('command', 'group-command');
  const key = fc.option(hostileText, { nil: undefined });
  const seen = new Set<string>();
  fc.assert(
    fc.property(textsOf(['mqtt/command', 'mqtt/group-command']), key, kind, (text, idempotencyKey, of) => {
      const parsed = parsePayload(Buffer.from(text), idempotencyKey, of);
      seen.add(parsed.kind);
      if (parsed.kind === 'refused') assertNamed(parsed.refusal.errors?.[0], text);
    }),
    { numRuns: 1_000 },
  );
  assert.deepEqual([...seen].toSorted(), ['ok', 'refused']);
});
