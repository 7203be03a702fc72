import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { CommandStore, RememberedCommand } from './command-memory.ts';

/**
 * The command memory of one device in `folder/DEVICE.json`: written beside it, synced and renamed, so that a power
 * cut leaves the old file or the new one.
 * @throws Error of node:fs when the folder cannot be written; SyntaxError when the file is not its own
 */
export function commandFile(folder: string, deviceId: string): CommandStore {
  const file = join(folder, `${deviceId}.json`);
  mkdirSync(dirname(file), { recursive: true });
  return {
    load() {
      try {
        // Written by `save` below, and by nothing else.
        return JSON.parse(readFileSync(file, 'utf8')) as RememberedCommand[];
      } catch (error) {
        if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
        throw error;
      }
    },
    save(commands) {
      const fresh = `${file}.new`;
      const handle = openSync(fresh, 'w');
      writeSync(handle, JSON.stringify(commands));
      fsyncSync(handle);
      closeSync(handle);
      renameSync(fresh, file);
    },
  };
}
