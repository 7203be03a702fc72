import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { replaceFile } from './durable-file.ts';
import type { KeptTwin, TwinStore } from './held-twin.ts';

/**
 * What is desired of one device, in `folder/DEVICE.twin.json`.
 * @throws Error of node:fs when the folder cannot be written; SyntaxError when the file is not valid JSON
 */
export function twinFile(folder: string, deviceId: string): TwinStore {
  const file = join(folder, `${deviceId}.twin.json`);
  return {
    load() {
      try {
        // Only `save` below writes this file.
        return JSON.parse(readFileSync(file, 'utf8')) as KeptTwin;
      } catch (error) {
        if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
        throw error;
      }
    },
    save: (twin) => replaceFile(file, JSON.stringify(twin)),
  };
}
