import { closeSync, fstatSync, openSync } from 'node:fs';
import { readText } from './text-file.ts';

/**
 * Reads a file with a secret, and checks the mode of that very file.
 * @param path absolute
 * @returns its text, and whether users other than its owner may read it: orchestrators mount secrets readable for
 * everybody inside the container, so this is only a warning
 * @throws Error when other users may write to it, and those of `readText`
 */
export function readSecretFile(path: string): { text: string; exposed: boolean } {
  const file = openSync(path, 'r');
  try {
    const { mode } = fstatSync(file);
    if ((mode & 0o022) !== 0) throw new Error('others may write to it; chmod 600');
    return { text: readText(file), exposed: (mode & 0o044) !== 0 };
  } finally {
    closeSync(file);
  }
}

/** The warning about a file that others may read. */
export function exposedSecret(path: string): string {
  return `${path} holds a secret and other users may read it; chmod 600`;
}
