import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clockDrill, type Scene } from '../../helpers/drills/clock-drill.ts';
import { clockFaults } from '../../helpers/drills/clock-verdict.ts';

/** Each time at which it may be wrong, once; every clock at each of them is the soak `clock`. */
const small: [clock: string, scene: Scene][] = [
  ['1972', 'first-start'],
  ['1 h behind', 'running'],
  ['30 d ahead', 'restart'],
];

for (const [clock, scene] of small) {
  test(`a clock of ${clock}, ${scene}, loses no reading and falsifies none, and is forgotten when it is right`, async () => {
    const report = await clockDrill({ clock, scene, devices: 4, perSec: 5, wrongMs: 2_500 });
    assert.deepEqual(clockFaults(report), []);
  });
}
