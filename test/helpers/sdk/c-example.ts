/** The examples of `sdk/c`, compiled as their README says, with the sanitizers besides. */

import { existsSync, globSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { generateCode } from '../../../schemas/generate/generate-code.ts';
import { loadDeviceTypes } from '../../../schemas/index.ts';
import { libraryFlags, type Library } from './c-libraries.ts';
import { run, sanitized, sdkFolder, sdkSources, strict } from './c-compiler.ts';

const c = join(sdkFolder, '..');
const posix = join(c, 'ports/posix');
const generated = join(c, 'examples/generated');

const flags = [...strict, ...sanitized, '-D_POSIX_C_SOURCE=200809L', '-I', posix, '-I', generated];

const tls = {
  openssl: { sources: globSync(join(posix, '*.c')), libraries: ['-lssl', '-lcrypto'] },
  // Its static libraries: those to load are perhaps not where the loader looks.
  mbedtls: {
    sources: [
      ...globSync(join(posix, '*.c')).filter((path) => !path.endsWith('_openssl.c')),
      ...globSync(join(c, 'ports/mbedtls/*.c')),
    ],
    libraries: ['-l:libmbedtls.a', '-l:libmbedx509.a', '-l:libmbedcrypto.a'],
  },
} as const satisfies Record<Library, object>;

/** Folders with everything but the examples themselves, compiled once. */
const compiled = new Set<string>();

function compileSdk(objects: string, library: Library): void {
  if (compiled.has(objects)) return;
  mkdirSync(objects);
  const sources = [...sdkSources, ...tls[library].sources, ...globSync(join(generated, '*.c'))];
  for (const source of sources)
    run('gcc', [
      ...flags,
      ...libraryFlags(library),
      '-c',
      source,
      '-o',
      join(objects, `${basename(source)}.o`),
    ]);
  compiled.add(objects);
}

/**
 * Compiles `examples/NAME.c` into this folder, unless it is there, and returns the program.
 * @param version as which it is compiled, where the example has one
 */
export function buildExample(
  name: string,
  folder: string,
  library: Library = 'openssl',
  version?: string,
): string {
  const objects = join(folder, library);
  compileSdk(objects, library);
  const program = join(folder, [basename(name), library, version].filter(Boolean).join('-'));
  const defines = version === undefined ? [] : [`-DSENSOR_VERSION="${version}"`];
  if (existsSync(program)) return program;
  const parts = [join(c, 'examples', `${name}.c`), ...globSync(join(objects, '*.o'))];
  run('gcc', [
    ...flags,
    ...defines,
    ...parts,
    ...libraryFlags(library),
    ...tls[library].libraries,
    '-o',
    program,
  ]);
  return program;
}

/**
 * Does in this folder what the README says of the first reading, word by word but for the hub's port.
 * @returns the program, and the number of lines that a newcomer writes
 */
export async function buildReadme(folder: string, port: string): Promise<{ program: string; lines: number }> {
  const readme = readFileSync(join(c, 'README.md'), 'utf8');
  const [, code = ''] = /^ *```c\n(.*?)^ *```$/ms.exec(readme) ?? [];
  const [, compile = ''] = /^ *(gcc .*)$/m.exec(readme) ?? [];
  const device = join(folder, 'my-device');
  mkdirSync(device, { recursive: true });
  symlinkSync(join(c, '..'), join(folder, 'sdk'));
  const type = (await loadDeviceTypes(join(c, '../../schemas/device-types'))).get('env-sensor@1');
  for (const { name, text } of type === undefined ? [] : generateCode('c', type))
    writeFileSync(join(device, name), text);
  writeFileSync(join(device, 'main.c'), code.replace(':8443', `:${port}`));
  run('sh', ['-c', `cd '${folder}' && ${compile} ${libraryFlags('openssl').join(' ')}`]);
  const lines = code.split('\n').filter((line) => line.trim() !== '').length;
  return { program: join(device, 'device'), lines };
}
