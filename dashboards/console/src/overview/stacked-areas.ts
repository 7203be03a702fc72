import type { FleetSample } from '../../../../schemas/api/hub.ts';
import type { PresenceState } from '../../../../schemas/presence-states.ts';

/** Where the hub took no sample for longer than this it was away, ms. */
const gapMs = 11 * 60_000;

export interface Area {
  readonly state: PresenceState;
  /** An SVG path; x and y each from 0 to 1,000, y downwards. */
  readonly path: string;
}

const size = 1_000;

/**
 * One area a state over the next, each as high as its share of the greatest number of devices; broken where nothing is known. Pure.
 * @param samples oldest first
 * @param order the lowest area first
 */
export function stackedAreas(
  samples: readonly FleetSample[],
  order: readonly PresenceState[],
  { fromMs, toMs }: { fromMs: number; toMs: number },
): Area[] {
  const most = Math.max(1, ...samples.map(({ byState }) => sumOf(byState, order)));
  const x = (timeMs: number): string => round(((timeMs - fromMs) / (toMs - fromMs)) * size);
  const y = (count: number): string => round(size - (count / most) * size);
  const runs = runsOf(samples);
  return order
    .filter((state) => samples.some(({ byState }) => (byState[state] ?? 0) > 0))
    .map((state) => {
      const below = order.slice(0, order.indexOf(state));
      const path = runs
        .map((run) => {
          const tops = run.map(
            ({ timeMs, byState }) => `${x(timeMs)} ${y(sumOf(byState, [...below, state]))}`,
          );
          const feet = run.map(({ timeMs, byState }) => `${x(timeMs)} ${y(sumOf(byState, below))}`);
          return `M${tops.join('L')}L${feet.toReversed().join('L')}Z`;
        })
        .join('');
      return { state, path };
    });
}

/** Samples without a gap between them. */
function runsOf(samples: readonly FleetSample[]): FleetSample[][] {
  const runs: FleetSample[][] = [];
  for (const sample of samples) {
    const run = runs.at(-1);
    const before = run?.at(-1);
    if (run === undefined || before === undefined || sample.timeMs - before.timeMs > gapMs)
      runs.push([sample]);
    else run.push(sample);
  }
  return runs;
}

/** The newest sample that is not after this time; the oldest for a time before all. Pure. */
export function sampleAt(samples: readonly FleetSample[], timeMs: number): FleetSample | undefined {
  return samples.findLast((sample) => sample.timeMs <= timeMs) ?? samples[0];
}

function sumOf(byState: FleetSample['byState'], states: readonly PresenceState[]): number {
  return states.reduce((sum, state) => sum + (byState[state] ?? 0), 0);
}

function round(value: number): string {
  return String(Math.round(value * 10) / 10);
}
