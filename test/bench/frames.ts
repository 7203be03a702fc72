import { parseDeviceFrame } from '../../hub/sessions/frames/frame-decoder.ts';
import { FrameLog, type DeviceFrames } from '../../hub/sessions/frames/frame-log.ts';
import { systemClock } from '../../schemas/time/clock.ts';
import { spreadOf } from './spread.ts';

const devices = Number(process.env['BENCH_DEVICES'] ?? 2_000);
const rounds = Number(process.env['BENCH_ROUNDS'] ?? 15);
const framesPerRound = 400_000;

/**
 * What keeping the last frames costs while nobody looks: text → frame, as the hub decodes it, alone and with each frame
 * noted. The rounds alternate, so that both meet the same machine. The goal: 0.3 µs a frame.
 */
export function benchFrames(): Promise<object> {
  const log = new FrameLog(systemClock);
  const noted = Array.from({ length: devices }, (_, n) => log.of(`device-${n}`));
  // Until no ring grows any more.
  for (let warmUp = 0; warmUp < 3; warmUp += 1) for (const to of [undefined, noted]) run(to);
  const taken = Array.from({ length: rounds }, () => ({ alone: run(undefined), noted: run(noted) }));
  return Promise.resolve({
    devices,
    framesPerRound,
    rounds,
    keptMib: Number((log.bytes / 1_048_576).toFixed(1)),
    decodeMicros: spreadOf(taken.map(({ alone }) => alone)),
    decodeAndNoteMicros: spreadOf(taken.map((each) => each.noted)),
    noteMicros: spreadOf(taken.map(({ alone, noted: both }) => both - alone)),
    ratio: spreadOf(taken.map(({ alone, noted: both }) => both / alone)),
  });
}

/** @returns CPU of this process, garbage collection with it, µs a frame */
function run(noted: readonly DeviceFrames[] | undefined): number {
  const began = process.cpuUsage();
  let frames = 0;
  for (let n = 0; n < framesPerRound; n += 1) {
    // A string of its own each time, as from a socket.
    const text = messages[n % messages.length]?.toString() ?? '';
    noted?.[n % devices]?.received(text);
    if (parseDeviceFrame(text).kind === 'frame') frames += 1;
  }
  const { user, system } = process.cpuUsage(began);
  if (frames !== framesPerRound) throw new Error(`only ${frames} of ${framesPerRound} frames were good`);
  return (user + system) / framesPerRound;
}

const messages = Array.from({ length: 997 }, (_, n) =>
  Buffer.from(
    JSON.stringify({
      type: 'telemetry',
      seq: n + 1,
      stream: 'env',
      ts: 1_700_000_000_000 + n * 250,
      data: { temperature: 21.5 + (n % 10) / 10, humidity: 40 + (n % 7), battery: 3.71, rssi: -60 - (n % 5) },
    }),
  ),
);
