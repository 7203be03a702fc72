import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { schemaModel } from '../../../device-sim/device/schema-model.ts';
import { objectOf } from '../../../device-sim/device/schema-values.ts';
import { compileDeviceType, type ObjectDefinition, type ValueDefinition } from '../../../schemas/index.ts';
import { ManualClock } from '../../helpers/clock.ts';

const bounds = (type: 'number' | 'integer', value: fc.Arbitrary<number>): fc.Arbitrary<ValueDefinition> =>
  fc.tuple(value, value, fc.constantFrom('both', 'low', 'high', 'none')).map(([a, b, which]) => ({
    type,
    ...(which === 'both' || which === 'low' ? { minimum: Math.min(a, b) } : {}),
    ...(which === 'both' || which === 'high' ? { maximum: Math.max(a, b) } : {}),
  }));

const exclusive: fc.Arbitrary<ValueDefinition> = fc
  .tuple(fc.integer({ min: -1000, max: 1000 }), fc.constantFrom(1e-9, 0.01, 1, 1e6))
  .map(([low, width]) => ({ type: 'number', exclusiveMinimum: low, exclusiveMaximum: low + width }));

const text: fc.Arbitrary<ValueDefinition> = fc
  .tuple(fc.nat(64), fc.integer({ min: 1, max: 64 }))
  .map(([a, b]) => ({ type: 'string', minLength: Math.min(a, b), maxLength: Math.max(a, b) }));

const field: fc.Arbitrary<ValueDefinition> = fc.oneof(
  bounds('number', fc.double({ noNaN: true, noDefaultInfinity: true })),
  bounds('integer', fc.maxSafeInteger()),
  exclusive,
  text,
  fc.constant<ValueDefinition>({ type: 'string', enum: ['open', 'closed', 'stuck'] }),
  fc.constant<ValueDefinition>({ type: 'string', const: 'one' }),
  fc.constant<ValueDefinition>({ type: 'boolean' }),
);

const nested: fc.Arbitrary<ValueDefinition> = fc.oneof(
  field,
  fc.record({
    type: fc.constant('array' as const),
    items: field,
    minItems: fc.nat(3),
    maxItems: fc.integer({ min: 3, max: 9 }),
  }),
  field.map((inner): ObjectDefinition => ({
    type: 'object',
    properties: { inner },
    required: ['inner'],
    additionalProperties: false,
  })),
);

const schemaOf = (of: fc.Arbitrary<ValueDefinition>): fc.Arbitrary<ObjectDefinition> =>
  fc.array(of, { minLength: 1, maxLength: 6 }).map((fields) => ({
    type: 'object',
    properties: Object.fromEntries(fields.map((definition, index) => [`f${index}`, definition])),
    required: fields.map((_, index) => `f${index}`),
    additionalProperties: false,
  }));

/** A type that leaves no choice; half of such a small number is no number of its own. */
const onlyOne = (value: number): ObjectDefinition => ({
  type: 'object',
  properties: { f0: { type: 'number', minimum: value, maximum: value } },
  required: ['f0'],
  additionalProperties: false,
});

test('whatever a device type allows, the simulator fills with values that its own checks take', () => {
  fc.assert(
    fc.property(
      schemaOf(field),
      schemaOf(nested),
      fc.string(),
      fc.nat(4_000_000_000_000),
      (stream, output, seed, atMs) => {
        const definition = {
          name: 'any',
          version: 1,
          streams: { s: stream },
          commands: { c: { safety: 'config', output } },
          presence: { heartbeatSec: 30 },
        };
        const type = compileDeviceType(definition, 'any@1.json');
        assert.equal(type.streams.get('s')?.check(objectOf(stream, seed, atMs)), undefined);
        assert.equal(type.commands.get('c')?.checkOutput(objectOf(output, seed, atMs)), undefined);
      },
    ),
    { examples: [[onlyOne(-2.5e-323), onlyOne(-2.5e-323), '', 0]] },
  );
});

test('a type played by its schemas sends each of its streams, its events now and then, and obeys set-interval', async () => {
  const number: ObjectDefinition = {
    type: 'object',
    properties: { value: { type: 'number', minimum: 0, maximum: 10 } },
    required: ['value'],
    additionalProperties: false,
  };
  const type = compileDeviceType(
    {
      name: 'two',
      version: 1,
      streams: { first: number, second: number },
      events: { ding: number },
      commands: { 'set-interval': { safety: 'config' }, look: { safety: 'observe', output: number } },
      presence: { heartbeatSec: 5 },
    },
    'two@1.json',
  );
  const clock = new ManualClock();
  const intervals: number[] = [];
  const unused = (): void => assert.fail('not asked for');
  const controls = {
    setIntervalSec: (seconds: number) => void intervals.push(seconds),
    reboot: unused,
    resetInterval: unused,
  };
  const model = schemaModel(type, { seed: '1', clock, controls });
  assert.equal(model.intervalSec, 5);
  assert.deepEqual(
    model.readings(clock.now()).map(({ stream }) => stream),
    ['first', 'second'],
  );
  const events = Array.from({ length: 4_000 }, () => model.event?.()).filter((event) => event !== undefined);
  assert.ok(events.length > 5 && events.length < 60, `${events.length} events in 4,000 readings`);
  assert.ok(events.every(({ name, data }) => type.events.get(name)?.check(data) === undefined));
  const call = { id: 'c-1', deadline: 0, safety: 'config' as const, progress: unused };
  await model.commands['set-interval']?.handler({ ...call, name: 'set-interval', params: { seconds: 3 } });
  assert.deepEqual(intervals, [3]);
  const looked = await model.commands['look']?.handler({ ...call, name: 'look', params: {} });
  assert.equal(looked?.status, 'succeeded');
  assert.equal(type.commands.get('look')?.checkOutput(looked.output), undefined);
});
