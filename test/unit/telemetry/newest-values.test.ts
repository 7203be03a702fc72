import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LatestReadings } from '../../../hub/telemetry/history/latest-readings.ts';
import { newestValuesOf } from '../../../hub/telemetry/history/newest-values.ts';

test('of a field that two streams have the newer value counts, and a device that may not be seen is left out', () => {
  const latest = new LatestReadings();
  latest.openStream('d-1', 'env').note(2_000, { battery: 2.9, temperature: 20 });
  latest.openStream('d-1', 'power').note(3_000, { battery: 2.7 });
  latest.openStream('d-2', 'env').note(1_000, { battery: 3 });
  latest.openStream('hidden', 'env').note(1_000, { battery: 1, secret: true });
  const answer = newestValuesOf(latest, ['battery', 'toString'], (device) => device !== 'hidden');
  assert.deepEqual(answer, {
    fields: ['battery', 'temperature'],
    devices: { 'd-1': { battery: 2.7 }, 'd-2': { battery: 3 } },
  });
});
