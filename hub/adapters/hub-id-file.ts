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
  if (!existsSync(file)) write(file, randomUUID());
  const id = readFileSync(file, 'utf8').trim();
  if (/^[\w-]{1,64}$/.test(id)) return id;
  throw new HubError(
    'data-dir-invalid',
    `${file} holds no name of a hub: remove it, and the hub gets a new one`,
  );
}

/**
 * Gives the data folder the name that its hub has had in `state.db`.
 * @throws HubError `data-dir-invalid` when it has another one
 */
export function keepHubId(dataDir: string, id: string): void {
  const file = join(dataDir, 'hub.id');
  if (!existsSync(file)) write(file, id);
  if (hubIdOf(dataDir) === id) return;
  throw new HubError(
    'data-dir-invalid',
    `${file} is of another start of this folder, with another state, and the hub of its state.db is ${id}: remove the file`,
  );
}

/** Never half a name: it is whole when it gets its place. */
function write(file: string, id: string): void {
  const fresh = `${file}.new`;
  writeFileSync(fresh, `${id}\n`, { mode: 0o600, flush: true });
  renameSync(fresh, file);
}
