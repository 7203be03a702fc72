import fc from 'fast-check';
import type { FuzzRange } from './fuzz-range.ts';

/** Something that takes input from strangers, and how to fuzz it. */
export interface Door {
  readonly name: string;
  /** Runs batches of inputs; each batch must leave the hub as it was. */
  run(usable: () => Promise<FuzzRange>, tally: Tally, parameters: fc.Parameters<unknown>): Promise<Outcome>;
}

/** How often each answer came. */
export type Tally = Map<string, number>;

export interface Outcome {
  runs: number;
  /** What was found, smallest input first thing to read; undefined when nothing was. */
  finding: Finding | undefined;
}

export interface Finding {
  door: string;
  seed: number;
  /** Of fast-check: with the seed, it leads to the shrunk input again. */
  path: string;
  input: string;
  fault: string;
}

/** Inputs between two looks at the bystanders. */
const maxBatch = 50;

/** @param strike sends one input, names the answer in a word or two, and throws when it is not one that may come */
export function makeDoor<Input>(
  name: string,
  input: fc.Arbitrary<Input>,
  strike: (range: FuzzRange, input: Input) => Promise<string>,
): Door {
  return {
    name,
    async run(usable, tally, parameters) {
      const property = fc.asyncProperty(
        fc.array(input, { minLength: 1, maxLength: maxBatch, size: 'max' }),
        async (batch) => {
          const range = await usable();
          for (const one of batch) {
            const answer = await strike(range, one);
            tally.set(answer, (tally.get(answer) ?? 0) + 1);
          }
          await range.check();
        },
      );
      const details = await fc.check(property, parameters as fc.Parameters<[Input[]]>);
      const { failed, seed, counterexamplePath, counterexample, errorInstance, numRuns } = details;
      if (!failed || counterexample === null) return { runs: numRuns, finding: undefined };
      const fault = errorInstance instanceof Error ? errorInstance.message : String(errorInstance);
      const shrunk = fc.stringify(counterexample[0]);
      return {
        runs: numRuns,
        finding: { door: name, seed, path: counterexamplePath ?? '', input: shrunk, fault },
      };
    },
  };
}
