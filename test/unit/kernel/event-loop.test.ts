import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EventLoopWatch } from '../../../hub/kernel/event-loop.ts';
import { Metrics } from '../../../hub/kernel/metrics.ts';

/** A clock whose ticks come when the test says so. */
function lateClock(): {
  clock: ConstructorParameters<typeof EventLoopWatch>[0];
  tick: (afterMs: number) => void;
} {
  let now = 0;
  let run = (): void => assert.fail('no tick was asked for');
  const unused = (): never => assert.fail('not used');
  return {
    clock: {
      now: unused,
      monotonic: () => now,
      after: unused,
      every(_ms, work) {
        run = work;
        return () => undefined;
      },
    },
    tick(afterMs) {
      now += afterMs;
      run();
    },
  };
}

test('the delays of the last ten seconds are reported, an older one no longer', async () => {
  const { clock, tick } = lateClock();
  const watch = new EventLoopWatch(clock);
  watch.start();
  tick(1_050);
  for (let look = 1; look < 200; look += 1) tick(51);
  assert.deepEqual({ ...watch.load(), share: 0 }, { p50Ms: 1, p99Ms: 1, maxMs: 1_000, share: 0 });
  tick(50);
  assert.equal(watch.load().maxMs, 1);
  const metrics = new Metrics();
  watch.expose(metrics);
  assert.match((await metrics.page()).body, /^hub_event_loop_delay_seconds\{quantile="0\.99"\} 0\.001$/m);
});

test('each reader of the longest delay gets it since its own last call', () => {
  const { clock, tick } = lateClock();
  const watch = new EventLoopWatch(clock);
  watch.start();
  const [one, other] = [watch.longestDelay(), watch.longestDelay()];
  tick(350);
  tick(60);
  assert.equal(one(), 300);
  tick(55);
  assert.equal(one(), 5);
  assert.equal(other(), 300);
});
