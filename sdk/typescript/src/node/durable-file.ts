import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Writes a temporary file, syncs it and renames it, so that a power cut leaves either the old or the new content, and a full disk
 * the old one. Creates missing folders.
 * @param mode of the file, such as 0o600
 * @throws Error of node:fs
 */
export function replaceFile(file: string, text: string, mode: number): void {
  const folder = dirname(file);
  mkdirSync(folder, { recursive: true });
  const fresh = `${file}.new`;
  try {
    const handle = openSync(fresh, 'w', mode);
    try {
      // It writes all of it, also where the system takes a part at a time.
      writeFileSync(handle, text);
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
  } catch (error) {
    rmSync(fresh, { force: true });
    throw error;
  }
  renameSync(fresh, file);
  syncFolder(folder);
}

/** The new name outlives a loss of power only when its folder is written too. */
function syncFolder(folder: string): void {
  // Windows opens no folders; there the file system's own journal has to do.
  if (process.platform === 'win32') return;
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
