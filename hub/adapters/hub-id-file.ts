import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { HubError } from '../kernel/errors.ts';

/**
 * The name of the hub that has this data folder: made at its first start, and permanent.
 * @throws HubError `data-dir-invalid` when the file holds something else
 */
export function hubIdOf(dataDir: string): string {
  const file = join(dataDir, 'hub.id');
  if (!existsSync(file)) {
    // Never half a name: it is whole when it gets its place.
    const fresh = `${file}.new`;
    writeFileSync(fresh, `${randomUUID()}\n`, { mode: 0o600, flush: true });
    renameSync(fresh, file);
  }
  const id = readFileSync(file, 'utf8').trim();
  if (/^[\w-]{1,64}$/.test(id)) return id;
  throw new HubError(
    'data-dir-invalid',
    `${file} holds no name of a hub: remove it, and the hub gets a new one`,
  );
}
