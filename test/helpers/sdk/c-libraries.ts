/** OpenSSL and mbedTLS for programs in C: those of this machine, or Debian's, unpacked beside the services. */

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { unpacked } from '../services/debian-packages.ts';

const libraries = { openssl: 'libssl-dev', mbedtls: 'libmbedtls-dev' } as const;

export type Library = keyof typeof libraries;

function has(root: string, library: Library): boolean {
  return existsSync(join(root, 'usr/include', library, 'ssl.h'));
}

/** The Debian packages of those that are not there. */
export function missingLibraryPackages(): string[] {
  const all = Object.keys(libraries) as Library[];
  return all
    .filter((library) => !has('/', library) && !has(unpacked, library))
    .map((library) => libraries[library]);
}

/** @throws when one is nowhere, with the way out */
export function demandLibraries(): void {
  const missing = missingLibraryPackages();
  if (missing.length === 0) return;
  throw new Error(
    `headers of ${missing.join(' and ')} are missing. Install them (Debian: apt-get install ${missing.join(' ')})`,
  );
}

/** Where the compiler finds the library; nothing when it finds it by itself. */
export function libraryFlags(library: Library): string[] {
  if (has('/', library)) return [];
  const folders = readdirSync(join(unpacked, 'usr/lib')).filter((name) => name.includes('-linux-'));
  // Some headers of OpenSSL stand in the folder of the processor.
  const includes = ['usr/include', ...folders.map((name) => `usr/include/${name}`)];
  return [
    ...includes.flatMap((folder) => ['-isystem', join(unpacked, folder)]),
    ...folders.map((name) => `-L${join(unpacked, 'usr/lib', name)}`),
  ];
}
