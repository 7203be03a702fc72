import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { DiskReserve } from '../../../hub/telemetry/disk-reserve.ts';
import { ManualClock } from '../../helpers/clock.ts';
import { silentLog } from '../../helpers/silent-log.ts';

const mebibyte = 1_048_576;

async function reserveOn(t: TestContext, sizeMib: number) {
  const clock = new ManualClock();
  const disk = { freeMib: sizeMib, fails: false };
  const space = () =>
    disk.fails
      ? Promise.reject(new Error('ENOSYS'))
      : Promise.resolve({ free: disk.freeMib * mebibyte, size: sizeMib * mebibyte });
  const reserve = new DiskReserve({ clock, log: silentLog, space }, 256);
  await reserve.start();
  t.after(() => {
    reserve.close();
    assert.equal(clock.pending, 0);
  });
  const at = async (freeMib: number): Promise<[boolean, string | undefined]> => {
    disk.freeMib = freeMib;
    await clock.advanceAsync(1_000);
    return [reserve.reached, reserve.fault];
  };
  return { at, disk };
}

test('a reserve is told of before it is reached, and readings stop when it is', async (t) => {
  const { at } = await reserveOn(t, 100_000);
  assert.deepEqual(await at(600), [false, undefined]);
  const [soon, warning = ''] = await at(500);
  assert.equal(soon, false);
  assert.match(warning, /^500 MiB left: readings stop at 256 MiB/);
  const [reached, fault = ''] = await at(255);
  assert.equal(reached, true);
  assert.match(fault, /^255 MiB left: no reading/);
  assert.deepEqual(await at(700), [false, undefined]);
});

test('on a small disk the reserve is a fifth of it', async (t) => {
  const { at } = await reserveOn(t, 64);
  assert.deepEqual((await at(20))[0], false);
  assert.deepEqual((await at(12))[0], true);
});

test('a disk that cannot be asked stops nothing', async (t) => {
  const clock = new ManualClock();
  const space = () => Promise.reject(new Error('ENOSYS'));
  const reserve = new DiskReserve({ clock, log: silentLog, space }, 256);
  await reserve.start();
  t.after(() => reserve.close());
  assert.deepEqual(
    [reserve.reached, reserve.fault, reserve.free, reserve.size],
    [false, undefined, 0, Infinity],
  );
});
