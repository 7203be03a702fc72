import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { HubClock } from '../../../hub/telemetry/clock/hub-clock.ts';
import { ManualClock } from '../../helpers/clock.ts';
import { silentLog } from '../../helpers/silent-log.ts';

const releasedMs = Date.parse('2026-01-01T00:00:00Z');
const rightMs = Date.parse('2026-06-01T12:00:00Z');
const second = 1_000;
const minute = 60_000;
const hour = 3_600_000;
const day = 86_400_000;
const year = 365.25 * day;

/** The machine's clocks, and what was kept on disk. */
function machine(t: TestContext) {
  const clock = new ManualClock(rightMs);
  const disk = { lastMs: 0 };
  const options = { releasedMs, plausibleAheadMs: 5 * year, maxAgeMs: day, maxAheadMs: minute };
  const store = {
    lastMs: () => Promise.resolve(disk.lastMs),
    saveLastMs: (ms: number, knownMs: number) => {
      const isSaved = ms >= disk.lastMs || disk.lastMs === knownMs;
      if (isSaved) disk.lastMs = ms;
      return Promise.resolve(isSaved);
    },
  };
  let hub: HubClock | undefined;
  const start = async (): Promise<HubClock> => {
    hub?.close();
    hub = new HubClock({ clock, store, log: silentLog }, options);
    await hub.start();
    return hub;
  };
  t.after(() => {
    hub?.close();
    assert.equal(clock.pending, 0);
  });
  const set = (byMs: number): void => clock.setNow(clock.now() + byMs);
  return { clock, disk, start, set };
}

/** Devices whose clocks are right but for `offMs`. */
function tell(hub: HubClock, rightNowMs: number, count = 3, offMs = 0): void {
  for (let n = 0; n < count; n += 1) hub.reportedByDevice(`d${n}`, rightNowMs + offMs);
}

test('a clock that leaps ahead for a while is doubted, and nothing of it is kept', async (t) => {
  const { clock, disk, start, set } = machine(t);
  const hub = await start();
  clock.advance(2 * minute);
  set(30 * day);
  const trueMs = clock.now() - 30 * day;
  assert.deepEqual(hub.range(), { earliestMs: trueMs, latestMs: clock.now() }, 'it is seen at once');
  assert.match(hub.fault ?? '', /leapt ahead by 30 days; .*hub clock accept/);
  clock.advance(14 * second);
  set(-30 * day);
  clock.advance(second);
  assert.equal(hub.doubted, false);
  assert.deepEqual(hub.range(), { earliestMs: clock.now(), latestMs: clock.now() });
  clock.advance(minute);
  assert.ok(disk.lastMs <= clock.now());
});

test('a leap is seen by whoever asks first, however soon: what is due by it alone must not be done', async (t) => {
  for (const [leapMs, asked] of [
    [day, 'unusable'],
    [-day, 'unusable'],
    [30 * day, 'doubted'],
    [-hour, 'doubted'],
  ] as const) {
    const { clock, start, set } = machine(t);
    const hub = await start();
    clock.advance(2 * minute);
    assert.equal(hub[asked], false);
    set(leapMs);
    assert.equal(hub[asked], true, `${asked} after ${leapMs} ms`);
    set(-leapMs);
    clock.advance(second);
    assert.equal(hub[asked], false);
  }
});

test('a clock that goes back is noticed before a time is refused, and believed when it has caught up', async (t) => {
  const { clock, start, set } = machine(t);
  const hub = await start();
  clock.advance(minute);
  set(-10 * second);
  const { latestMs } = hub.range();
  assert.equal(latestMs, clock.now() + 10 * second);
  assert.match(hub.fault ?? '', /gone back by 10 seconds/);
  clock.advance(10 * second);
  assert.equal(hub.doubted, false);
});

test('a hub that was ahead in its run before says so, and devices with the right time end it', async (t) => {
  const { clock, disk, start, set } = machine(t);
  set(30 * day);
  await start();
  clock.advance(5 * minute);
  set(-30 * day);
  assert.ok(disk.lastMs > clock.now());
  const hub = await start();
  assert.equal(hub.doubted, true);
  assert.equal(hub.range().earliestMs, clock.now(), 'readings of now are within what it may be');
  tell(hub, clock.now(), 1);
  clock.advance(second);
  assert.equal(hub.doubted, false);
  assert.equal(disk.lastMs, clock.now(), 'over the next start too');
  assert.equal((await start()).doubted, false);
});

test('an RTC of 2037 at the first start is doubted, and let go when the clock is set right', async (t) => {
  const { clock, disk, start, set } = machine(t);
  set(11 * year);
  const hub = await start();
  assert.equal(hub.unusable, true);
  assert.ok(hub.range().earliestMs <= rightMs, 'readings of today are within what it may be');
  clock.advance(20 * minute);
  assert.equal(hub.doubted, true, 'also when nobody contradicts it');
  set(-11 * year);
  clock.advance(second);
  assert.equal(hub.doubted, false);
  assert.ok(disk.lastMs <= clock.now());
});

test('1972 is believed by nobody, whoever agrees and whoever accepts it', async (t) => {
  const { clock, start, set } = machine(t);
  const lost = Date.parse('1972-01-01T00:00:00Z') - rightMs;
  set(lost);
  const hub = await start();
  tell(hub, clock.now());
  hub.reportedByStore(clock.now());
  clock.advance(second);
  assert.match(hub.accept().fault ?? '', /before this release/);
  assert.equal(hub.unusable, true);
  set(-lost);
  clock.advance(second);
  assert.equal(hub.doubted, false);
});

test('a machine that slept is believed when nobody contradicts it for ten minutes, and by devices at once', async (t) => {
  const { clock, start, set } = machine(t);
  const hub = await start();
  clock.advance(minute);
  set(hour);
  clock.advance(9 * minute);
  assert.equal(hub.doubted, true);
  clock.advance(minute + second);
  assert.equal(hub.doubted, false);
  assert.equal(hub.range().earliestMs, clock.now() - hour, 'but what it may have been is not refused');
  tell(hub, clock.now());
  clock.advance(second);
  assert.equal(hub.range().earliestMs, clock.now());
  set(hour);
  clock.advance(second);
  tell(hub, clock.now());
  clock.advance(second);
  assert.equal(hub.doubted, false);
});

test('a small step ahead, as NTP makes it, is no fault', async (t) => {
  const { clock, start, set } = machine(t);
  const hub = await start();
  set(10 * second);
  clock.advance(second);
  assert.equal(hub.doubted, false);
});

test('devices of one mind contradict a clock that would have their readings refused; two, or of two minds, do not', async (t) => {
  const { clock, start, set } = machine(t);
  set(-hour);
  const hub = await start();
  const right = (): number => clock.now() + hour;
  tell(hub, right(), 2);
  clock.advance(second);
  assert.equal(hub.doubted, false);
  tell(hub, right(), 9);
  hub.reportedByDevice('other', clock.now() + 5 * hour);
  clock.advance(second);
  assert.match(hub.fault ?? '', /1 hours behind|60 minutes behind, say 9 of 10 devices/);
  assert.equal(hub.unusable, false, 'devices alone stop no schedule');
  assert.ok(hub.range().latestMs >= right() - second);
  assert.equal(hub.accept().fault, undefined);
  clock.advance(minute);
  assert.equal(hub.doubted, false, 'an operator has the last word');
});

test('devices that are wrong by what harms no reading contradict nothing', async (t) => {
  const { clock, start } = machine(t);
  const hub = await start();
  tell(hub, clock.now(), 9, -hour);
  clock.advance(second);
  assert.equal(hub.doubted, false);
});

test('the store speaks where no device does, but not when its clock was set with ours', async (t) => {
  const { clock, disk, start, set } = machine(t);
  disk.lastMs = rightMs + 30 * day;
  const hub = await start();
  hub.reportedByStore(clock.now());
  clock.advance(second);
  assert.equal(hub.doubted, false);
  assert.ok(hub.range().latestMs > clock.now(), 'it may share the clock: nothing is refused for it');
  clock.advance(2 * minute);
  const sharing = await start();
  sharing.reportedByStore(clock.now());
  set(-hour);
  sharing.reportedByStore(clock.now());
  clock.advance(second);
  assert.equal(sharing.doubted, true);
});

test('an operator has the last word, and it holds over the next start', async (t) => {
  const { clock, disk, start } = machine(t);
  disk.lastMs = rightMs + 30 * day;
  let believed = 0;
  const hub = await start();
  hub.follow(() => (believed += 1));
  assert.deepEqual(hub.accept(), { nowMs: clock.now() });
  assert.equal(believed, 1);
  assert.equal(disk.lastMs, clock.now());
  assert.equal((await start()).doubted, false);
});

test('after a long time away readings of before are not refused until devices agree with the clock', async (t) => {
  const { clock, disk, start } = machine(t);
  disk.lastMs = rightMs - 30 * day;
  const hub = await start();
  assert.equal(hub.doubted, false);
  assert.equal(hub.range().earliestMs, rightMs - 30 * day);
  tell(hub, clock.now());
  clock.advance(second);
  assert.equal(hub.range().earliestMs, clock.now());
});
