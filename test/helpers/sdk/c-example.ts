/** The examples of `sdk/c`, compiled as their README says, with the sanitizers besides. */

import { globSync } from 'node:fs';
import { join } from 'node:path';
import { run, sanitized, sdkFolder, sdkSources, strict } from './c-compiler.ts';

const c = join(sdkFolder, '..');
const posix = join(c, 'ports/posix');
const generated = join(c, 'examples/generated');

/** Compiles `examples/NAME.c` into this folder, and returns the program. */
export function buildExample(name: string, folder: string): string {
  const program = join(folder, name);
  const sources = [...sdkSources, ...globSync(join(posix, '*.c')), ...globSync(join(generated, '*.c'))];
  const includes = ['-I', posix, '-I', generated];
  const file = join(c, 'examples', `${name}.c`);
  run('gcc', [...strict, ...sanitized, ...includes, ...sources, file, '-lssl', '-lcrypto', '-o', program]);
  return program;
}
