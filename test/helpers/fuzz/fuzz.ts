/** Fuzzing of a real hub process, door by door, with bystanders that must stay served. */

import { randomInt } from 'node:crypto';
import type { Door, Outcome, Tally, Finding as Found } from './door.ts';
import { deviceFrameDoor } from './device-frame-door.ts';
import { FuzzRange } from './fuzz-range.ts';
import { operationDoor } from './operation-door.ts';
import { mqttDoor } from './mqtt-door.ts';
import { rawHttpDoor } from './raw-http-door.ts';

export const doors: readonly Door[] = [deviceFrameDoor, operationDoor, rawHttpDoor, mqttDoor];

export interface FuzzOptions {
  /** Of all doors together. */
  forMs: number;
  /** Of the first round at each door; the seeds of the others are drawn. */
  seed?: number;
  /** Runs this finding again instead: with its path alone, without one in its whole round. */
  again?: { door: string; seed: number; path?: string };
  /** A hub with a fault on purpose. */
  entry?: string;
  /** Tries this door alone, and ends at its first finding, which is left as large as it is. */
  firstAt?: string;
  say?: (text: string) => void;
}

export interface Finding extends Found {
  /** A new hub has the fault with this input alone; otherwise only after what came before it in its round. */
  alone: boolean;
}

export interface FuzzReport {
  /** Batches at each door. */
  runs: Readonly<Record<string, number>>;
  /** What each door answered, and how often: whether the fuzzing gets beyond the first check. */
  answers: ReadonlyMap<string, Tally>;
  findings: Finding[];
}

/** Batches of one seed. */
const runsOfRound = 20;
/** For making a finding small, ms. */
const shrinkMs = 60_000;

/** Seeds of fast-check are 32 bits. */
const drawn = (): number => randomInt(0, 2 ** 31);

export async function fuzz({
  forMs,
  seed,
  again,
  entry,
  firstAt,
  say = () => undefined,
}: FuzzOptions): Promise<FuzzReport> {
  let range: FuzzRange | undefined;
  const usable = async (): Promise<FuzzRange> => {
    if (range?.worn === true) await close();
    return (range ??= await FuzzRange.open(entry));
  };
  const close = async (): Promise<void> => {
    await range?.close();
    range = undefined;
  };
  const runs: Record<string, number> = Object.fromEntries(doors.map(({ name }) => [name, 0]));
  const answers = new Map<string, Tally>(doors.map(({ name }) => [name, new Map()]));
  const findings: Finding[] = [];
  // Each begins with a new hub: what a hub has seen before would be missing when a finding is run again.
  const run = async (
    door: Door,
    given: { seed: number; path?: string },
    { tally = new Map<string, number>(), endOnFailure = true } = {},
  ): Promise<Outcome> => {
    await close();
    const limits = { numRuns: runsOfRound, interruptAfterTimeLimit: shrinkMs };
    return door.run(usable, tally, { ...given, ...limits, endOnFailure });
  };
  const round = async (door: Door, given: { seed: number; path?: string }): Promise<void> => {
    say(`${door.name}, seed ${given.seed}`);
    const tally = answers.get(door.name) ?? new Map<string, number>();
    const found = await run(door, given, { tally, endOnFailure: firstAt !== undefined });
    runs[door.name] = (runs[door.name] ?? 0) + found.runs;
    if (found.finding === undefined) return;
    const { seed: ofRound, path } = found.finding;
    const alone = await run(door, { seed: ofRound, path });
    const finding = { ...found.finding, alone: alone.finding !== undefined };
    findings.push(finding);
    say(described(finding));
  };
  try {
    if (again !== undefined) {
      const { door, ...given } = again;
      await round(doorCalled(door), given);
      return { runs, answers, findings };
    }
    const isDone = (): boolean => firstAt !== undefined && findings.length > 0;
    const untilMs = performance.now() + forMs;
    const tried = firstAt === undefined ? doors : [doorCalled(firstAt)];
    let given = seed ?? drawn();
    do {
      for (const door of tried) await round(door, { seed: given });
      given = drawn();
    } while (performance.now() < untilMs && !isDone());
    return { runs, answers, findings };
  } finally {
    await close();
  }
}

function doorCalled(wanted: string): Door {
  const door = doors.find(({ name }) => name === wanted);
  if (door === undefined)
    throw new Error(`there is no door ${wanted}: ${doors.map(({ name }) => name).join(', ')}`);
  return door;
}

/** For a person: what was found, and how to see it again. */
export function described({ door, seed, path, input, fault, alone }: Finding): string {
  const repeated = `npm run soak -- fuzz 1 ${door} ${seed}${alone ? ` ${path}` : ''}`;
  return (
    `FOUND at ${door}: ${fault}\n  smallest input: ${input}\n` +
    `  again${alone ? '' : ', only after what came before it'}: ${repeated}`
  );
}
