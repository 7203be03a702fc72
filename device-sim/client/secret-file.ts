import { readFileSync, statSync } from 'node:fs';
import { replaceFile } from './durable-file.ts';
import type { KeptSecrets, SecretStore } from '../device/secrets.ts';

/**
 * The secrets of one device in a file of mode 0600, as JSON `{"secret","next"?}`, so that a rotated secret survives
 * the process.
 * @throws Error when other users may read or write the file, or it does not have this form; errors of node:fs
 */
export function secretFile(file: string): SecretStore {
  return {
    load() {
      const text = readOwn(file);
      return text === undefined ? undefined : parse(text, file);
    },
    save: (kept) => replaceFile(file, `${JSON.stringify(kept)}\n`, 0o600),
  };
}

function readOwn(file: string): string | undefined {
  try {
    if ((statSync(file).mode & 0o077) !== 0)
      throw new Error(`${file}: other users may read or write it; run chmod 600`);
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

function parse(text: string, file: string): KeptSecrets {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The content is not shown: it may be a secret.
    value = undefined;
  }
  if (typeof value === 'object' && value !== null && 'secret' in value && typeof value.secret === 'string') {
    const { secret } = value;
    const next = 'next' in value && typeof value.next === 'string' ? { next: value.next } : {};
    return { secret, ...next };
  }
  throw new Error(`${file}: it is not {"secret":"…"}`);
}
