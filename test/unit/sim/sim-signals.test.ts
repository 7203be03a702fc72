import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { noiseAt, seededRandom } from '../../../device-sim/device/random.ts';
import { envReading, flowReading, trafficReading } from '../../../device-sim/device/signals.ts';
import { loadDeviceTypes } from '../../../schemas/index.ts';

const types = await loadDeviceTypes('schemas/device-types');
const anyTime = fc.integer({ min: Date.UTC(2000, 0, 1), max: Date.UTC(2100, 0, 1) });

test('the same seed gives the same numbers, another seed others', () => {
  const draw = (seed: string): number[] => {
    const random = seededRandom(seed);
    return Array.from({ length: 5 }, () => random());
  };
  assert.deepEqual(draw('a'), draw('a'));
  assert.notDeepEqual(draw('a'), draw('b'));
});

test('a reading depends on seed and time alone', () => {
  const at = Date.UTC(2026, 2, 1, 12);
  const before = envReading('s/d-1', at);
  envReading('s/d-1', at + 5000);
  envReading('s/d-2', at);
  assert.deepEqual(envReading('s/d-1', at), before);
  assert.notDeepEqual(envReading('s/d-2', at), before);
});

test('every reading is one its device type allows', () => {
  const check = (type: string, stream: string, data: unknown): void => {
    assert.equal(types.get(type)?.streams.get(stream)?.check(data), undefined);
  };
  fc.assert(
    fc.property(fc.string(), anyTime, fc.integer({ min: 0, max: 100 }), (seed, at, position) => {
      check('env-sensor@1', 'env', envReading(seed, at));
      check('traffic-detector@1', 'traffic', trafficReading(seed, at));
      check('smart-valve@1', 'flow', flowReading(seed, at, position));
    }),
  );
});

test('noise stays within its bounds and does not jump', () => {
  fc.assert(
    fc.property(fc.string(), anyTime, (seed, at) => {
      const [now, soon] = [noiseAt(seed, at, 60_000), noiseAt(seed, at + 600, 60_000)];
      assert.ok(Math.abs(now) <= 1);
      assert.ok(Math.abs(soon - now) < 0.05);
    }),
  );
});

test('a room is warmer in the afternoon than before dawn, and its battery drains', () => {
  const mean = (hour: number): number => {
    const days = Array.from(
      { length: 30 },
      (_, day) => envReading('room', Date.UTC(2026, 0, 1 + day, hour)).temperature,
    );
    return days.reduce((sum, value) => sum + value, 0) / days.length;
  };
  assert.ok(mean(15) > mean(3) + 1);
  const volts = Array.from(
    { length: 10 },
    (_, day) => envReading('room', Date.UTC(2026, 0, 1 + day)).battery,
  );
  const drops = volts.slice(1).filter((value, index) => value < (volts[index] ?? 0)).length;
  assert.ok(drops >= 7);
});

test('a road is slower in the rush hour than at night', () => {
  const at = (hour: number) => trafficReading('road', Date.UTC(2026, 0, 5, hour, 30));
  assert.ok(at(17).speed < at(2).speed - 10);
  assert.ok(at(17).occupancy > at(2).occupancy);
});
