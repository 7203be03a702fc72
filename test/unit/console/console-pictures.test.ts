import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HubSnapshot } from '../../../schemas/api/hub.ts';
import type { RejectRow } from '../../../schemas/api/telemetry/rejects.ts';
import { layOut, ribbon } from '../../../dashboards/console/src/hub-state/ledger-flow.ts';
import { gridOf, levelOf } from '../../../dashboards/console/src/device-types/rejects.ts';

const ledger: HubSnapshot['ledger'] = {
  carried: 10,
  received: 1_000_090,
  stored: 1_000_000,
  inFlight: 40,
  spooled: 0,
  deadLettered: 10,
  rejected: { schema: 30, stale: 20 },
  dropped: {},
  imbalance: 0,
};

test('Every fate that holds something is seen, however small, and what is empty takes no room', () => {
  const { came, bands, barHeight } = layOut(ledger, 200);
  assert.equal(came, 1_000_100);
  const heights = Object.fromEntries(bands.map(({ fate, height }) => [fate, height]));
  assert.equal(heights['spooled'], 0);
  assert.equal(heights['dropped'], 0);
  for (const fate of ['inFlight', 'deadLettered', 'rejected']) assert.equal(heights[fate], 3);
  assert.ok((heights['stored'] ?? 0) > 180);
  assert.ok(barHeight <= 200.1, `the bar of what came in is ${barHeight} high`);
});

test('Bands leave the bar one below the other, and never overlap on the right', () => {
  const { bands } = layOut(ledger, 200);
  for (const [index, band] of bands.entries()) {
    const next = bands[index + 1];
    if (next === undefined) break;
    assert.equal(next.fromY, band.fromY + band.height);
    assert.ok(next.toY > band.toY + band.height);
  }
});

test('Nothing at all is a picture, too', () => {
  const none = {
    carried: 0,
    received: 0,
    stored: 0,
    inFlight: 0,
    spooled: 0,
    deadLettered: 0,
    rejected: {},
    dropped: {},
    imbalance: 0,
  };
  const { bands, barHeight } = layOut(none, 200);
  assert.equal(barHeight, 0);
  for (const band of bands) assert.doesNotMatch(ribbon(band, 0, 100), /NaN|Infinity/);
});

const reject = (field: string, firmware: string, count: number): RejectRow => ({
  type: 'env-sensor@1',
  stream: 'env',
  field,
  rule: 'maximum',
  firmware,
  count,
  lastMs: 0,
  example: { device: 'd-1', message: '' },
});

test('Rejects are counted by field and firmware, the worst first, whatever the names are', () => {
  const grid = gridOf(
    [
      reject('/temperature', '1.0', 5),
      reject('/temperature', '1.1', 1),
      reject('/humidity', '1.0', 100),
      reject('/temperature', '1.0', 2),
      reject('/__proto__', '', 1),
    ],
    10,
  );
  assert.deepEqual(
    grid.fields.map(({ field, count }) => [field, count]),
    [
      ['/humidity', 100],
      ['/temperature', 8],
      ['/__proto__', 1],
    ],
  );
  assert.deepEqual(grid.firmwares, ['1.0', '1.1', '']);
  assert.deepEqual(grid.cells, [
    [100, 0, 0],
    [7, 1, 0],
    [0, 0, 1],
  ]);
  assert.equal(grid.max, 100);
});

test('Marks go from nothing to the strongest and never down', () => {
  const levels = [0, 1, 2, 10, 50, 1_000, 5_000].map((count) => levelOf(count, 5_000));
  assert.equal(levels[0], 0);
  assert.equal(levels.at(-1), 5);
  assert.deepEqual(
    levels,
    levels.toSorted((a, b) => a - b),
  );
});
