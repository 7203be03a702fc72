/** Makes a data folder from a backup. */
import { chmod, copyFile, mkdir, rename, rm, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { HubError, messageOf } from '../../../kernel/errors.ts';
import type { BackupFile, BackupManifest } from '../../../../schemas/backup/backup-manifest.ts';
import { checkFile, invalidBackup, readManifest } from './backup-manifest.ts';
import { emptyFolder, lockDataDir, syncToDisk } from '../data-dir.ts';
import { checkDatabase } from './database-copies.ts';
import { metricsMigrations } from '../metrics/metrics-store.ts';
import { spoolMigrations } from '../spool-database.ts';
import type { Database } from '../sqlite.ts';
import { openStateDatabase, stateMigrations } from '../state-database.ts';

export interface RestoreOptions<T> {
  /** The backup, which is only read. */
  folder: string;
  /** A new folder, or an empty one. */
  dataDir: string;
  /** The version of this program. */
  version: string;
  /** Changes the state before a hub may start on it. */
  prepare: (state: Database, manifest: BackupManifest) => Promise<T>;
}

const state = 'state.db';
/** The name of the state until everything is in place. Without `state.db` no hub starts on the other files. */
const draft = 'state.db.restoring';

const knownSchemas = new Map([
  [state, stateMigrations.length],
  ['spool.db', spoolMigrations.length],
  ['metrics.db', metricsMigrations.length],
]);

/**
 * Checks the backup, file by file, and makes the data folder from it. When that fails, it empties the folder again.
 * @throws HubError `backup-invalid` · `data-dir-invalid` when the data folder is used · `database-failed`
 */
export async function restore<T>({
  folder,
  dataDir,
  version,
  prepare,
}: RestoreOptions<T>): Promise<{ manifest: BackupManifest; prepared: T }> {
  const manifest = readManifest(folder);
  demandKnown(folder, manifest, version);
  const found = emptyFolder(dataDir);
  if (found === 'used') {
    const note = `${dataDir} is not empty; give a new folder with HUB_DATA_DIR or --data-dir, or move this one away`;
    throw new HubError('data-dir-invalid', note, { details: { dir: dataDir } });
  }
  const lock = await lockEmptyFolder(dataDir, found);
  try {
    for (const file of manifest.files) await restoreFile(folder, dataDir, file);
    const prepared = await prepareState(join(dataDir, draft), (database) => prepare(database, manifest));
    await rename(join(dataDir, draft), join(dataDir, state));
    await syncToDisk(dataDir);
    lock.release();
    return { manifest, prepared };
  } catch (cause) {
    lock.release();
    const made = [
      ...manifest.files.map(({ name }) => name),
      draft,
      `${draft}-wal`,
      `${draft}-shm`,
      'tls',
      'firmware',
      'hub.lock',
    ];
    for (const name of made) await rm(join(dataDir, name), { recursive: true, force: true });
    if (found === 'made') await rm(dataDir, { recursive: true, force: true });
    if (cause instanceof HubError) throw cause;
    if (isOfDataDir(cause, dataDir)) {
      throw new HubError('data-dir-invalid', `${dataDir}: ${messageOf(cause)}`, {
        cause,
        details: { dir: dataDir },
      });
    }
    throw new HubError('backup-invalid', `${folder}: ${messageOf(cause)}`, { cause });
  }
}

/** Leaves a folder as it was when it cannot be locked, for example because the disk is full. */
async function lockEmptyFolder(dataDir: string, found: 'made' | 'empty'): Promise<{ release(): void }> {
  try {
    return lockDataDir(dataDir);
  } catch (error) {
    // A hub has just started here: its files must stay.
    if (error instanceof HubError && error.code === 'data-dir-in-use') throw error;
    await rm(join(dataDir, 'hub.lock'), { force: true });
    if (found === 'made') await rmdir(dataDir).catch(() => undefined);
    throw error;
  }
}

/** Faults of writing only: the disk is full, or refuses the file. */
const writersFaults = new Set(['ENOSPC', 'EDQUOT', 'EFBIG', 'EROFS']);

/** Whether the data folder is at fault, and not the backup. */
function isOfDataDir(cause: unknown, dataDir: string): boolean {
  const { code, path } = (cause ?? {}) as Partial<NodeJS.ErrnoException>;
  return (code !== undefined && writersFaults.has(code)) || path?.startsWith(dataDir) === true;
}

async function prepareState<T>(file: string, prepare: (state: Database) => Promise<T>): Promise<T> {
  const database = await openStateDatabase(file);
  try {
    return await prepare(database);
  } finally {
    await database.close();
  }
}

/** Refuses files of a newer hub, which this one could misread. */
function demandKnown(folder: string, { files, version: made }: BackupManifest, version: string): void {
  if (!files.some(({ name }) => name === state)) throw invalidBackup(folder, `it has no ${state}`);
  for (const { name, schema = 0 } of files) {
    const known = knownSchemas.get(name) ?? 0;
    if (schema <= known) continue;
    throw invalidBackup(
      folder,
      `device-hub ${made} made it, and this is device-hub ${version}: ${name} has version ${schema}, and ${known} is the newest known here; restore it with device-hub ${made} or newer`,
    );
  }
}

async function restoreFile(folder: string, dataDir: string, file: BackupFile): Promise<void> {
  await mkdir(join(dataDir, dirname(file.name)), { recursive: true, mode: 0o700 });
  const name = file.name === state ? draft : file.name;
  const to = join(dataDir, name);
  await copyFile(join(folder, file.name), to);
  await chmod(to, 0o600);
  // Checks the copy, because the hub starts on the copy.
  await checkFile(dataDir, { ...file, name });
  if (file.schema === undefined) return;
  const checked = await checkDatabase(to);
  if ('fault' in checked) throw invalidBackup(folder, `${file.name} is damaged: ${checked.fault}`);
}
