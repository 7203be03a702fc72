import { closeCodes } from '../../schemas/index.ts';
import { demand, pause, within, type Check } from './check.ts';
import type { Bench } from './bench.ts';

/** Checks of when a device reconnects, and when it does not. */

/** Timers of small devices may fire a little early, ms. */
const earlyMs = 20;
/** `backoffMaxMs` of the welcome. */
const backoffMaxMs = 250;
/** The time that connecting may take, also on a busy machine, ms. */
const slackMs = 2_000;
/** How long a check watches that a device stays away, ms. */
const awayMs = 5_000;

/** Demands that the device does not connect. @throws CheckFault */
async function demandAway({ hub }: Bench, after: string): Promise<void> {
  const before = hub.attempts.length;
  await pause(awayMs);
  demand(hub.attempts.length === before, `it tries again within ${awayMs / 1000} s after ${after}`);
}

/** How long until the next attempt, ms. @throws CheckFault */
async function nextAttempt({ hub }: Bench, ms: number): Promise<number> {
  const beganMs = performance.now();
  const { atMs } = await hub.attempted(hub.attempts.length + 1, ms);
  return atMs - beganMs;
}

/** After these refusals a device should not try again within seconds: somebody must change something first. */
const lastingStatuses = [400, 401, 403, 404, 426];
const lasting = lastingStatuses.map((status): Check => ({
  id: `again/${status}`,
  title: `does not try again immediately after HTTP ${status}`,
  async run(bench) {
    bench.hub.refusal = () => ({ status });
    bench.device.start();
    await bench.hub.attempted(1, 15_000);
    await demandAway(bench, `HTTP ${status}`);
  },
}));

const waiting = [429, 503].map((status): Check => ({
  id: `again/${status}`,
  title: `waits for Retry-After and a random time after HTTP ${status}`,
  async run(bench) {
    bench.hub.refusal = () => ({ status, retryAfterSec: 2 });
    bench.device.start();
    await bench.hub.attempted(1, 15_000);
    bench.hub.refusal = undefined;
    const tookMs = await nextAttempt(bench, 2_000 + 1_000 + slackMs);
    demand(tookMs >= 2_000 - earlyMs, `it tries again after ${Math.round(tookMs)} ms; Retry-After is 2`);
  },
}));

/** Close codes after which a device comes back soon. */
const soon = (['slowReader', 'silent', 'overloaded'] as const).map((name): Check => {
  const code = closeCodes[name];
  return {
    id: `close/${code}`,
    title: `connects again after close ${code}, by its backoff`,
    async run(bench) {
      bench.device.start();
      const session = await bench.open();
      const hint = name === 'overloaded' ? { retryAfterMs: 1_500 } : {};
      session.close(code, { code: 'check', ...hint });
      const leastMs = hint.retryAfterMs ?? 0;
      const tookMs = await nextAttempt(bench, leastMs + backoffMaxMs + slackMs);
      demand(
        tookMs >= leastMs - earlyMs,
        `it is back after ${Math.round(tookMs)} ms; retryAfterMs is ${leastMs}`,
      );
      await bench.open();
    },
  };
});

/** Close codes after which a device stays away for a minute or more. */
const away = (
  ['misbehaving', 'credentialExpired', 'credentialRevoked', 'replaced', 'rateAbuse'] as const
).map((name): Check => {
  const code = closeCodes[name];
  return {
    id: `close/${code}`,
    title: `stays away for a minute or more after close ${code}`,
    async run(bench) {
      bench.device.start();
      const session = await bench.open();
      session.close(code, { code: 'check' });
      await session.closed;
      await demandAway(bench, `close ${code}`);
    },
  };
});

/** The greatest distance of a sample's distribution from the uniform one on [0, 1] (Kolmogorov–Smirnov). */
function distanceFromUniform(sample: readonly number[]): number {
  const sorted = sample.toSorted((a, b) => a - b);
  const steps = sorted.flatMap((value, index) => [
    Math.abs(value - index / sorted.length),
    Math.abs(value - (index + 1) / sorted.length),
  ]);
  return Math.max(...steps);
}

const tries = 24;
/** At this limit, 1.95 / √n, a correct device fails once in a thousand runs. */
const farFromUniform = 1.95 / Math.sqrt(tries);

export const reconnectChecks: readonly Check[] = [
  ...lasting,
  ...waiting,
  ...soon,
  ...away,
  {
    id: 'again/jitter',
    title: 'spreads its attempts evenly between 0 and the limit of its backoff',
    async run(bench) {
      bench.device.start();
      // After a welcome, the limit is its backoffMaxMs.
      const session = await bench.open();
      bench.hub.refusal = () => ({ status: 503 });
      session.cut();
      const first = bench.hub.attempts.length + 1;
      await bench.hub.attempted(first + tries, tries * (backoffMaxMs + 100) + slackMs);
      const times = bench.hub.attempts.slice(first - 1).map(({ atMs }) => atMs);
      const shares = times
        .slice(1)
        .map((atMs, index) => Math.min(1, (atMs - (times[index] ?? atMs)) / backoffMaxMs));
      const distance = distanceFromUniform(shares.slice(0, tries));
      const waits = shares.map((share) => Math.round(share * backoffMaxMs)).join(', ');
      demand(distance < farFromUniform, `its waits are not uniform in 0 to ${backoffMaxMs} ms: ${waits} ms`);
    },
  },
  {
    id: 'again/anew',
    title: 'starts its backoff again after a welcome',
    async run(bench) {
      bench.device.start();
      const first = await bench.open({ backoffMaxMs: 60_000 });
      bench.hub.refusal = () => ({ status: 503 });
      first.cut();
      await bench.hub.attempted(bench.hub.attempts.length + 3, 20_000);
      bench.hub.refusal = undefined;
      const second = await bench.open({ backoffMaxMs: 60_000 });
      second.cut();
      await nextAttempt(bench, 1_000 + slackMs).catch(() => {
        demand(
          false,
          'after three failures, a welcome and a lost link it waits longer than 1 s: the backoff goes on',
        );
      });
    },
  },
  {
    id: 'close/drain',
    title: 'sends no more readings after a drain, and comes back in its slot',
    async run(bench) {
      bench.device.start();
      const session = await bench.open();
      await session.dataFrames(1);
      const slotMs = 2_500;
      session.send({ type: 'drain', reconnectAfterMs: slotMs, reason: 'check' });
      const beganMs = performance.now();
      // Lets readings arrive that were under way when the drain came.
      await pause(200);
      await session.noData(800, 'it sends readings after the drain');
      session.close(closeCodes.draining, { code: 'draining', retryAfterMs: slotMs - 1_000 });
      const { atMs } = await within(
        slotMs + slackMs,
        bench.hub.attempted(bench.hub.attempts.length + 1, slotMs + slackMs),
        'it does not come back in its slot',
      );
      const tookMs = Math.round(atMs - beganMs);
      demand(tookMs >= slotMs - 100, `its slot is after ${slotMs} ms, and it comes after ${tookMs} ms`);
    },
  },
];
