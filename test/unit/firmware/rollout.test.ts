import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { lookAt } from '../../../hub/firmware/rollouts/comparison.ts';
import { isOpen } from '../../../hub/firmware/rollouts/day-window.ts';
import { ReadingCount } from '../../../hub/firmware/rollouts/reading-counts.ts';
import { wavesOf } from '../../../hub/firmware/rollouts/rollout.ts';
import { shuffled } from '../../../hub/firmware/rollouts/update-order.ts';
import { newUpdate, type Trouble } from '../../../hub/firmware/rollouts/update.ts';

test('waves are counts and shares of all devices, the last one is all of them', () => {
  assert.deepEqual(wavesOf(['1', '5%', '25%', '100%'], 300), [1, 15, 75, 300]);
  assert.deepEqual(wavesOf(['1', '5%'], 300), [1, 15, 300]);
  assert.deepEqual(
    wavesOf(['1%', '5%', '15%', '50%', '100%'], 3),
    [1, 2, 3],
    'a small fleet has fewer waves',
  );
  assert.deepEqual(wavesOf(['50', '100%'], 7), [7]);
  assert.deepEqual(wavesOf(['0.5%', '100%'], 1_000), [5, 1_000]);
  for (const wrong of [['0'], ['0%'], ['10', '5'], ['101%'], ['1.5'], ['a'], ['']])
    assert.equal(wavesOf(wrong, 300), undefined, wrong.join());
});

test('the order is the same for the same seed, and each beginning has its share of each site and firmware', () => {
  const devices = Array.from({ length: 300 }, (_, n) => ({
    n,
    site: n < 100 ? 'north' : 'south',
    former: n % 2 === 0 ? '1' : '2',
  }));
  fc.assert(
    fc.property(fc.nat(2 ** 31), fc.integer({ min: 1, max: 300 }), (seed, many) => {
      const order = shuffled(devices, seed);
      assert.deepEqual(order, shuffled(devices, seed));
      assert.equal(new Set(order.map(({ n }) => n)).size, 300);
      const north = order.slice(0, many).filter(({ site }) => site === 'north').length;
      // Two strata of the north, each at most one device beside its share at either end.
      assert.ok(Math.abs(north - many / 3) <= 4, `${north} of ${many}`);
    }),
    { numRuns: 50 },
  );
  assert.notDeepEqual(shuffled(devices, 1), shuffled(devices, 2));
});

test('a window of the day is open by the clocks of its zone, over midnight and over the change to summer time', () => {
  const night = { from: '22:00', to: '05:00', zone: 'Europe/Berlin' };
  const at = (iso: string): boolean => isOpen(night, Date.parse(iso));
  assert.deepEqual([at('2026-01-10T20:59:00Z'), at('2026-01-10T21:00:00Z')], [false, true]);
  assert.deepEqual([at('2026-01-11T03:59:00Z'), at('2026-01-11T04:00:00Z')], [true, false]);
  assert.deepEqual([at('2026-07-10T19:59:00Z'), at('2026-07-10T20:00:00Z')], [false, true]);
  const day = { from: '09:00', to: '17:00', zone: 'UTC' };
  assert.deepEqual(
    ['08:59', '09:00', '16:59', '17:00'].map((time) => isOpen(day, Date.parse(`2026-01-10T${time}:00Z`))),
    [false, true, true, false],
  );
});

test('a device that sends less than half of its former readings has dropped, one that sends few is not judged', () => {
  const sends = (...slots: number[]): ReadingCount => {
    const count = new ReadingCount();
    for (const readings of slots) {
      count.total += readings;
      count.endSlot();
    }
    return count;
  };
  assert.equal(sends(5, 5, 5, 5, 2, 2, 2, 2).hasDropped, true);
  assert.equal(sends(5, 5, 5, 5, 3, 3, 3, 3).hasDropped, false);
  assert.equal(sends(1, 1, 1, 1, 0, 0, 0, 0).hasDropped, false);
  assert.equal(sends(5, 5, 5).hasDropped, false);
  const soaks = sends(5, 5, 5, 5);
  soaks.soakBegins();
  soaks.total += 9;
  assert.equal(soaks.hasDroppedInSoak(soaks.lately), true);
  soaks.total += 1;
  assert.equal(soaks.hasDroppedInSoak(20), false);
  assert.equal(soaks.hasDroppedInSoak(undefined), false);
});

const soakMs = 100;
const soaked = (device: string, soakedMs: number, troubles: Trouble[] = []) => ({
  device,
  wave: 1,
  update: {
    ...newUpdate(0, { boot: 'b', firmware: '2', here: true }),
    state: 'succeeded' as const,
    soakedMs,
    troubles,
  },
});
const waiting = (device: string, troubles: Trouble[] = [], here = true) => ({
  device,
  wave: 2,
  update: { ...newUpdate(0, { boot: 'b', firmware: '1', here }), troubles },
});
const offline = (atMs: number): Trouble => ({ kind: 'offline', atMs });
const many = <Item>(count: number, item: (index: number) => Item): Item[] =>
  Array.from({ length: count }, (_, index) => item(index));

test('the devices not updated yet are looked at in the same times as the updated ones', () => {
  const when = { wave: 1, atMs: 1_000, soakMs, gaps: [], looks: 2 };
  const targets = [
    ...many(4, (n) => soaked(`u-${n}`, 500, [offline(550)])),
    ...many(40, (n) => waiting(`c-${n}`, n < 10 ? [offline(550)] : [offline(900)])),
  ];
  const look = lookAt(targets, when, []);
  assert.deepEqual(
    [look.updated, look.updatedTroubled, look.control, look.controlTroubled, look.level],
    [4, 4, 40, 10, 0.005],
  );
  assert.deepEqual(look.devices[0], { device: 'u-0', kinds: ['offline'] });
});

test('an outage that befalls everybody stops nothing, and neither do two troubled devices', () => {
  const when = { wave: 1, atMs: 1_000, soakMs, gaps: [], looks: 1 };
  const outage = [
    ...many(10, (n) => soaked(`u-${n}`, 500, [offline(550)])),
    ...many(100, (n) => waiting(`c-${n}`, [offline(551)])),
  ];
  assert.equal(lookAt(outage, when, []).stops, false);
  const two = [
    ...many(2, (n) => soaked(`u-${n}`, 500, [offline(550)])),
    ...many(500, (n) => waiting(`c-${n}`)),
  ];
  const look = lookAt(two, when, []);
  assert.ok(look.p < look.level);
  assert.equal(look.stops, false);
  const gone = [
    ...many(5, (n) => soaked(`u-${n}`, 500, [offline(550)])),
    ...many(500, (n) => waiting(`c-${n}`, [], false)),
  ];
  assert.deepEqual([lookAt(gone, when, []).control, lookAt(gone, when, []).stops], [0, false]);
});

test('what an earlier wave showed counts in the next look', () => {
  const first = lookAt(
    [...many(2, (n) => soaked(`u-${n}`, 100, [offline(150)])), ...many(50, (n) => waiting(`c-${n}`))],
    { wave: 1, atMs: 300, soakMs, gaps: [], looks: 2 },
    [],
  );
  assert.equal(first.stops, false);
  const second = lookAt(
    [{ ...soaked('u-9', 400, [offline(450)]), wave: 2 }, ...many(50, (n) => waiting(`c-${n}`))],
    { wave: 2, atMs: 600, soakMs, gaps: [], looks: 2 },
    [first],
  );
  assert.deepEqual([second.updatedTroubled, second.stops], [1, true]);
});
