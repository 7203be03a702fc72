import type { NackCode } from '../../schemas/index.ts';
import type { Bench } from './bench.ts';
import { demand, type Check } from './check.ts';
import { firstUnacked, frameWith } from './data-checks.ts';
import { readingsOf, type PlayedSession } from './played-session.ts';

/** Checks of a device's reaction to each nack code. */

const waitMs = 1_200;
/** Timers of small devices may fire a little early, ms. */
const earlyMs = 20;

/** Opens a session and refuses its first data frame, with no ack before that. */
async function refuseFirst(
  bench: Bench,
  nack: { code: NackCode; retry: boolean; retryAfterMs?: number },
): Promise<{ session: PlayedSession; reading: string; seq: number; atMs: number }> {
  bench.device.start();
  const session = await bench.hub.session();
  session.acks = false;
  await session.welcome();
  const { reading, seq } = await firstUnacked(session);
  session.send({ type: 'nack', seq, ...nack });
  const atMs = performance.now();
  session.ack(session.data.length);
  session.acks = true;
  return { session, reading, seq, atMs };
}

const laterCodes = ['rate', 'overloaded', 'not-open'] as const;
const neverCodes = [
  'schema',
  'unknown-stream',
  'unsupported',
  'clock',
  'too-large',
  'refused-by-store',
] as const;

const later = laterCodes.map((code): Check => ({
  id: `nack/${code}`,
  title: `sends a reading that is refused with ${code} again, under a new seq and not before retryAfterMs`,
  async run(bench) {
    const { session, reading, seq, atMs } = await refuseFirst(bench, {
      code,
      retry: true,
      retryAfterMs: waitMs,
    });
    await frameWith(session, reading, `the reading that was refused with ${code} is not sent again`, seq);
    const tookMs = performance.now() - atMs;
    demand(
      tookMs >= waitMs - earlyMs,
      `it is sent again after ${Math.round(tookMs)} ms; retryAfterMs is ${waitMs}`,
    );
  },
}));

const never = neverCodes.map((code): Check => ({
  id: `nack/${code}`,
  title: `drops a reading that is refused permanently with ${code}, and goes on`,
  async run(bench) {
    const { session, reading, seq } = await refuseFirst(bench, { code, retry: false });
    const again = (open: PlayedSession): boolean =>
      open.data.some(
        (frame) => !(open === session && frame.seq === seq) && readingsOf(frame).includes(reading),
      );
    await session.dataFrames(session.data.length + 2);
    session.cut();
    const next = await bench.open();
    await next.dataFrames(2);
    demand(
      !again(session) && !again(next),
      `the reading that was refused permanently with ${code} is sent again`,
    );
  },
}));

export const nackChecks: readonly Check[] = [
  ...later,
  ...never,
  {
    id: 'nack/rate-pauses',
    title: 'sends no reading at all after a rate refusal, until retryAfterMs is over',
    async run(bench) {
      const { session } = await refuseFirst(bench, { code: 'rate', retry: true, retryAfterMs: 2_500 });
      await session.noData(2_400, 'it sends readings before retryAfterMs of a rate refusal is over');
    },
  },
  {
    id: 'nack/samples',
    title: 'sends only the refused samples of a batch again',
    async run(bench) {
      bench.device.start();
      // Readings that collect while the window is closed come in one batch.
      const session = await bench.hub.session();
      session.acks = false;
      const limits = { frameBytes: 65_536, samples: 500, inFlight: 1, messagesPerSec: 100 };
      await session.welcome({ limits });
      await session.dataFrames(1);
      await session.noData(2_500, 'it sends a second frame while inFlight is 1');
      session.ack(1);
      const batch = (await session.dataFrames(2))[1];
      // A device may also send each reading in a frame of its own.
      if (batch === undefined || batch.type === 'event' || batch.samples === undefined) return;
      const readings = readingsOf(batch);
      const refusal = { code: 'overloaded', retry: true, retryAfterMs: 300, rejectedSamples: [0] };
      session.send({ type: 'nack', seq: 2, ...refusal });
      session.ack(2);
      session.acks = true;
      await frameWith(session, readings[0] ?? '', 'the refused sample is not sent again', 2);
      const others = new Set(readings.slice(1));
      const again = session.data
        .slice(2)
        .flatMap(readingsOf)
        .find((reading) => others.has(reading));
      demand(again === undefined, `the sample ${again ?? ''}, which was not refused, is sent again`);
    },
  },
];
