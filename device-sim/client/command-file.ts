import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CommandStore, RememberedCommand } from './command-memory.ts';
import { replaceFile } from './durable-file.ts';

/**
 * The command memory of one device in `folder/DEVICE.json`.
 * @throws Error of node:fs when the folder cannot be written; SyntaxError when the file is not valid JSON
 */
export function commandFile(folder: string, deviceId: string): CommandStore {
  const file = join(folder, `${deviceId}.json`);
  return {
    load() {
      try {
        // Only `save` below writes this file.
        return JSON.parse(readFileSync(file, 'utf8')) as RememberedCommand[];
      } catch (error) {
        if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
        throw error;
      }
    },
    save: (commands) => replaceFile(file, JSON.stringify(commands)),
  };
}
