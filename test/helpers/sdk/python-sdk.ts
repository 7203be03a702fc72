/** The SDK for Python, run from its sources. */

import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from './c-compiler.ts';
import type { Command } from './device-examples.ts';

export const pythonFolder = fileURLToPath(new URL('../../../sdk/python', import.meta.url));

/** Finds the package, and leaves no compiled files in the checkout. */
const variables = {
  PYTHONPATH: `${join(pythonFolder, 'src')}:${join(pythonFolder, 'examples')}`,
  PYTHONDONTWRITEBYTECODE: '1',
  PYTHONUNBUFFERED: '1',
};

/** What starts a program of `sdk/python`. @param more variables */
export function pythonProgram(path: string, more: Readonly<Record<string, string>> = {}): Command {
  const set = Object.entries({ ...variables, ...more }).map(([name, value]) => `${name}=${value}`);
  return ['env', ...set, 'python3', join(pythonFolder, path)];
}

/** Runs it to its end. @throws with its stderr when it fails */
export function runPython(path: string, args: readonly string[] = [], timeoutMs?: number): string {
  const [program, ...first] = pythonProgram(path);
  return run(program, [...first, ...args], '', process.env, timeoutMs);
}

/** Parts of its fuzzer, and what share of the inputs each gets: those of the core take the longest. */
export const pythonFuzzParts = { bytes: 8, cbor: 8, memory: 4, store: 4, core: 2, session: 1 } as const;

/** @throws with the number of the input when one has a finding, and how to repeat it */
export function fuzzPython(part: string, seed: number, count: number): string {
  return runPython('test/fuzz.py', [part, String(seed), String(count)], 24 * 3_600_000);
}
