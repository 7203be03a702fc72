/** Compilers of C for the tests of `sdk/c` and of generated code. */

import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../..', import.meta.url));

/** The sources that every device needs. */
export const sdkFolder = join(root, 'sdk/c/src');
export const sdkSources = globSync(join(sdkFolder, '*.c')).toSorted();

/** What the SDK and generated code must compile with, without a warning. */
export const strict = ['-std=c99', '-Wall', '-Wextra', '-Werror', '-pedantic', '-I', sdkFolder];
/** A wrong access or an undefined operation ends the program. */
export const sanitized = ['-g', '-fsanitize=address,undefined', '-fno-sanitize-recover=all'];

/** Runs a compiler, or what it made, to its end and gives its stdout. @throws with its stderr when it fails */
export function run(
  program: string,
  args: readonly string[],
  input = '',
  env = process.env,
  timeoutMs = 100_000,
): string {
  const done = spawnSync(program, args, {
    encoding: 'utf8',
    input,
    env,
    maxBuffer: 256 * 1024 * 1024,
    timeout: timeoutMs,
  });
  if (done.status === 0) return done.stdout;
  const said = done.error?.message ?? done.stderr.slice(0, 4_000);
  throw new Error(`${program} ${args.join(' ')} ends with ${done.status ?? done.signal}: ${said}`);
}
