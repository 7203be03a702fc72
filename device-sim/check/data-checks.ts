import { demand, pause, type Check } from './check.ts';
import { readingsOf, type DataFrame, type PlayedSession } from './played-session.ts';

/** Checks of readings: numbering, the window, no losses and no needless repetition. */

/** The greatest distance of a correct device's times from the hub's clock, ms: the hub refuses readings beyond. */
const nearMs = 60_000;
const dayMs = 86_400_000;

/**
 * Waits for the frame that carries this reading.
 * @param afterSeq only frames after this seq count
 * @throws CheckFault
 */
export async function frameWith(
  session: PlayedSession,
  reading: string,
  otherwise: string,
  afterSeq = 0,
): Promise<DataFrame> {
  const has = (frame: DataFrame): boolean => frame.seq > afterSeq && readingsOf(frame).includes(reading);
  const until = performance.now() + 10_000;
  for (let count = 1; performance.now() < until; count += 1) {
    const frames = await session.dataFrames(count);
    const found = frames.find(has);
    if (found !== undefined) return found;
  }
  demand(false, otherwise);
}

/** The first reading of the session, which is not acked. */
export async function firstUnacked(session: PlayedSession): Promise<{ reading: string; seq: number }> {
  const [frame] = await session.dataFrames(1);
  const [reading] = frame === undefined ? [] : readingsOf(frame);
  demand(frame !== undefined && reading !== undefined, 'its data frame has no reading');
  return { reading, seq: frame.seq };
}

function demandNumbered(frames: readonly DataFrame[]): void {
  for (const [index, { seq }] of frames.entries())
    demand(seq === index + 1, `data frame ${index + 1} of the session has seq ${seq}`);
}

export const dataChecks: readonly Check[] = [
  {
    id: 'data/seq',
    title: 'numbers its data frames 1, 2, 3, … in each session anew',
    async run(bench) {
      bench.device.start();
      for (let session = 1; session <= 2; session += 1) {
        const open = await bench.open();
        demandNumbered(await open.dataFrames(4));
        open.cut();
      }
    },
  },
  {
    id: 'data/window',
    title: 'keeps at most inFlight frames unsettled, and goes on after an ack',
    async run(bench) {
      bench.device.start();
      const session = await bench.hub.session();
      session.acks = false;
      const limits = { frameBytes: 65_536, samples: 500, inFlight: 2, messagesPerSec: 100 };
      await session.welcome({ limits });
      await session.dataFrames(2);
      await session.noData(3_000, 'it sends a third frame while two are unsettled and inFlight is 2');
      session.ack(2);
      await session.dataFrames(3);
    },
  },
  {
    id: 'data/unsettled-again',
    title: 'sends a reading that was not settled again in the next session',
    async run(bench) {
      bench.device.start();
      const first = await bench.hub.session();
      first.acks = false;
      await first.welcome();
      const { reading } = await firstUnacked(first);
      first.cut();
      const second = await bench.open();
      await frameWith(second, reading, `the unsettled reading ${reading} is not sent again`);
    },
  },
  {
    id: 'data/settled-once',
    title: 'does not send a reading again that was acked',
    async run(bench) {
      bench.device.start();
      const first = await bench.open();
      const acked = new Set((await first.dataFrames(2)).flatMap(readingsOf));
      // Lets the ack arrive.
      await pause(300);
      first.cut();
      const second = await bench.open();
      const again = (await second.dataFrames(3)).flatMap(readingsOf).find((reading) => acked.has(reading));
      demand(again === undefined, `the acked reading ${again ?? ''} is sent again`);
    },
  },
  {
    id: 'data/outlives-reboot',
    title: 'sends a reading that was not settled again after a loss of power',
    async run(bench) {
      bench.device.start();
      const first = await bench.hub.session();
      first.acks = false;
      const before = await first.welcome();
      const { reading } = await firstUnacked(first);
      await bench.reboot();
      const second = await bench.open();
      const frame = await frameWith(
        second,
        reading,
        `the unsettled reading ${reading} did not outlive the reboot`,
      );
      if (hasUptime(frame))
        demand(
          frame.boot === before.boot,
          `its uptime is that of boot ${before.boot}; the frame names ${frame.boot}`,
        );
    },
  },
  {
    id: 'data/hub-time',
    title: "sends times by the hub's clock, or its uptime, even when its own clock is a day off",
    async run(bench) {
      bench.hub.clockMs = -dayMs;
      bench.device.start();
      const session = await bench.open();
      for (const frame of await session.dataFrames(4)) {
        const times = frame.type === 'event' ? [frame.ts] : (frame.samples ?? [frame]).map(({ ts }) => ts);
        for (const ts of times) {
          const offMs = Math.abs((ts ?? bench.hub.now()) - bench.hub.now());
          demand(offMs < nearMs, `ts ${ts} is ${Math.round(offMs / 1000)} s from the hub's clock`);
        }
      }
    },
  },
];

function hasUptime(frame: DataFrame): boolean {
  if (frame.up !== undefined) return true;
  return frame.type === 'telemetry' && frame.samples?.some(({ up }) => up !== undefined) === true;
}
