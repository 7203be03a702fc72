import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { HubMemory, Slot } from '../core/ports.ts';
import { isKeptSecrets } from '../core/secrets.ts';
import { replaceFile } from './durable-file.ts';

/** The mode of a file that nobody else may read or write. */
const ownMode = 0o600;

/**
 * A memory of files in this folder, `SLOT.json`. Each is replaced as a whole, and only the device's own user may read it.
 * @param files where a slot has a file of another name
 */
export function fileMemory(folder: string, files: Partial<Record<Slot, string>> = {}): HubMemory {
  const fileOf = (slot: Slot): string => files[slot] ?? join(folder, `${slot}.json`);
  return {
    load: (slot) => readOwn(fileOf(slot), slot === 'secret'),
    save: (slot, value) => replaceFile(fileOf(slot), `${value}\n`, ownMode),
  };
}

/**
 * Whether the file has secrets already, for a device that is given none otherwise.
 * @throws Error when other users may read or write the file, or it does not have the form `{"secret","next"?}`
 */
export function hasSecret(file: string): boolean {
  const text = readOwn(file, true);
  if (text === undefined) return false;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The content is not shown: it may be a secret.
    value = undefined;
  }
  if (!isKeptSecrets(value)) throw new Error(`${file}: it is not {"secret":"…"}`);
  return true;
}

function readOwn(file: string, isSecret: boolean): string | undefined {
  try {
    if (isSecret && (statSync(file).mode & 0o077) !== 0)
      throw new Error(`${file}: other users may read or write it; run chmod 600`);
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
