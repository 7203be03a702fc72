import type { FloodReport, Window } from './strangers.ts';

/** What a busy machine adds to any delay now and then, ms. */
export interface Slack {
  /** To the wait for acks, in the usual pair of windows. */
  ackMs: number;
  /** To the slowest newcomer and to the latest finding of a dead device. */
  worstMs: number;
}

/** Of a soak: it has enough windows that what else runs on the machine is the same with the flood and without. */
export const slackOfSoak: Slack = { ackMs: 20, worstMs: 0 };

/** In every window a newcomer is in within this time, and a dead device is found, ms. */
const worstWithinMs = 5_000;
/** How late a dead device is found in the usual window, ms. */
const foundWithinMs = 1_000;
/** Timers are this early at times, ms. */
const earlyMs = 200;
/** A flood may make everybody wait this many times as long. */
const times = 2;

/** One flood against the quiet beside it. */
export interface Summary {
  flood: string;
  pairs: number;
  attempts: number;
  /** Medians over the windows, ms. */
  quietP50Ms: number;
  p50Ms: number;
  quietP99Ms: number;
  p99Ms: number;
  /** In the usual pair: how many times as long the acks took as in the quiet right before. */
  ratioP50: number;
  ratioP99: number;
  unstored: number;
  cut: number;
  refusedNewcomers: number;
  /** The worst of all windows, ms. */
  quietNewcomerMs: number;
  newcomerMs: number;
  quietFoundLateMs: number;
  foundLateMs: number;
  foundEarliestMs: number;
}

export function summary({ flood, attempts, pairs }: FloodReport): Summary {
  const quiet = pairs.map((pair) => pair.quiet);
  const attack = pairs.map((pair) => pair.attack);
  const worst = (of: readonly Window[], name: 'newcomerMs' | 'foundLateMs'): number =>
    Math.max(...of.map((window) => window[name]));
  const sum = (name: 'unstored' | 'cut' | 'refusedNewcomers'): number =>
    attack.reduce((total, window) => total + window[name], 0);
  const usual = (of: readonly Window[], name: 'p50Ms' | 'p99Ms'): number =>
    Math.round(median(of.map((window) => window[name])) * 10) / 10;
  const ratio = (name: 'p50Ms' | 'p99Ms'): number =>
    Math.round(median(pairs.map((pair) => pair.attack[name] / pair.quiet[name])) * 100) / 100;
  return {
    flood,
    pairs: pairs.length,
    attempts,
    quietP50Ms: usual(quiet, 'p50Ms'),
    p50Ms: usual(attack, 'p50Ms'),
    quietP99Ms: usual(quiet, 'p99Ms'),
    p99Ms: usual(attack, 'p99Ms'),
    ratioP50: ratio('p50Ms'),
    ratioP99: ratio('p99Ms'),
    unstored: sum('unstored'),
    cut: sum('cut'),
    refusedNewcomers: sum('refusedNewcomers'),
    quietNewcomerMs: worst(quiet, 'newcomerMs'),
    newcomerMs: worst(attack, 'newcomerMs'),
    quietFoundLateMs: worst(quiet, 'foundLateMs'),
    foundLateMs: worst(attack, 'foundLateMs'),
    foundEarliestMs: Math.min(...attack.map(({ foundLateMs }) => foundLateMs)),
  };
}

/** What a flood took from others, in words; each flood is judged by itself. */
export function strangerFaults(report: FloodReport, slack: Slack): string[] {
  const seen = summary(report);
  const faults: string[] = [];
  const expect = (holds: boolean, fault: string): void => {
    if (!holds) faults.push(`${report.flood}: ${fault}`);
  };
  for (const name of ['p50Ms', 'p99Ms'] as const) {
    const beyond = median(report.pairs.map(({ quiet, attack }) => attack[name] - times * quiet[name]));
    expect(
      beyond <= slack.ackMs,
      `${name} of the acks is ${seen[name]}, ${Math.round(beyond)} ms beyond twice the quiet`,
    );
  }
  expect(seen.unstored === 0, `${seen.unstored} readings of others were refused or not acked`);
  expect(seen.cut === 0, `${seen.cut} connections of others ended`);
  expect(seen.refusedNewcomers === 0, `newcomers were refused ${seen.refusedNewcomers} times`);
  const usualLateMs = median(report.pairs.map(({ attack }) => attack.foundLateMs));
  expect(usualLateMs <= foundWithinMs + slack.worstMs, `dead devices are found ${usualLateMs} ms late`);
  const limitOf = (quietMs: number): number => Math.max(worstWithinMs, times * quietMs) + slack.worstMs;
  expect(seen.newcomerMs <= limitOf(seen.quietNewcomerMs), `a newcomer needed ${seen.newcomerMs} ms`);
  expect(
    seen.foundLateMs <= limitOf(seen.quietFoundLateMs),
    `a dead device was found ${seen.foundLateMs} ms late`,
  );
  expect(seen.foundEarliestMs >= -earlyMs, `a silent device was found ${-seen.foundEarliestMs} ms early`);
  return faults;
}

/** The mean of the two in the middle when there are as many above as below. */
function median(values: readonly number[]): number {
  const ordered = values.toSorted((a, b) => a - b);
  const middle = ordered.slice(Math.floor((ordered.length - 1) / 2), Math.floor(ordered.length / 2) + 1);
  return middle.reduce((sum, value) => sum + value, 0) / middle.length;
}
