/** Fuzzing of a real hub process, door by door, with bystanders that must stay served. */

import { randomInt } from 'node:crypto';
import type { Door, Finding, Tally } from './door.ts';
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
  /** Runs this one finding again instead, with its seed and path. */
  again?: { door: string; seed: number; path: string };
  /** A hub with a fault on purpose. */
  entry?: string;
  /** Tries this door alone, and ends at its first finding, which is left as large as it is. */
  firstAt?: string;
  say?: (text: string) => void;
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
  let range = await FuzzRange.open(entry);
  const usable = async (): Promise<FuzzRange> => {
    if (range.worn) {
      await range.close();
      range = await FuzzRange.open(entry);
    }
    return range;
  };
  const runs: Record<string, number> = Object.fromEntries(doors.map(({ name }) => [name, 0]));
  const answers = new Map<string, Tally>(doors.map(({ name }) => [name, new Map()]));
  const findings: Finding[] = [];
  const round = async (door: Door, given: { seed: number; path?: string }): Promise<void> => {
    say(`${door.name}, seed ${given.seed}`);
    const endOnFailure = firstAt !== undefined;
    const parameters = { ...given, endOnFailure, numRuns: runsOfRound, interruptAfterTimeLimit: shrinkMs };
    const { runs: done, finding } = await door.run(usable, answers.get(door.name) ?? new Map(), parameters);
    runs[door.name] = (runs[door.name] ?? 0) + done;
    if (finding === undefined) return;
    findings.push(finding);
    say(described(finding));
  };
  try {
    if (again !== undefined) {
      await round(doorCalled(again.door), { seed: again.seed, path: again.path });
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
    await range.close();
  }
}

function doorCalled(wanted: string): Door {
  const door = doors.find(({ name }) => name === wanted);
  if (door === undefined)
    throw new Error(`there is no door ${wanted}: ${doors.map(({ name }) => name).join(', ')}`);
  return door;
}

/** For a person: what was found, and how to see it again. */
export function described({ door, seed, path, input, fault }: Finding): string {
  return (
    `FOUND at ${door}: ${fault}\n  smallest input: ${input}\n` +
    `  again: npm run soak -- fuzz 1 ${door} ${seed} ${path}`
  );
}
