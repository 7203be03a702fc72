/** The fuzzer of `sdk/c`: seeded inputs for each part, under the sanitizers. */

import { join } from 'node:path';
import { run, sanitized, sdkFolder, sdkSources, strict } from './c-compiler.ts';

/** Parts, and what share of the inputs each gets: those of the memory take the longest. */
export const fuzzParts = { json: 8, number: 8, cbor: 8, core: 4, store: 2, memory: 1 } as const;

/** Compiles the fuzzer into this folder, and returns the program. */
export function buildFuzzer(folder: string): string {
  const program = join(folder, 'fuzz');
  const source = join(sdkFolder, '../test/fuzz.c');
  run('gcc', [...strict, ...sanitized, '-O1', ...sdkSources, source, '-o', program]);
  return program;
}

/** @throws with the number of the input when one has a finding; `fuzz PART SEED COUNT only` repeats the last of so many */
export function fuzz(program: string, part: string, seed: number, count: number): string {
  return run(program, [part, String(seed), String(count)], '', process.env, 24 * 3_600_000);
}
