/** Backs up a data folder, whether its hub runs or not. */
import { existsSync } from 'node:fs';
import { chmod, copyFile, mkdir, open, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { HubError, messageOf } from '../../../kernel/errors.ts';
import type {
  BackupFile,
  BackupManifest,
  BackupProgress,
} from '../../../../schemas/backup/backup-manifest.ts';
import type { Clock } from '../../../../schemas/time/clock.ts';
import { describeFile, manifestName, newManifest } from './backup-manifest.ts';
import { demandUsed, emptyFolder, syncToDisk } from '../data-dir.ts';
import { copyDatabase } from './database-copies.ts';

export interface BackupOptions {
  dataDir: string;
  /** A new folder, or an empty one. */
  folder: string;
  deviceTypesDir: string;
  version: string;
  clock: Clock;
  progress: (progress: BackupProgress) => void;
}

/**
 * The order matters. A reading moves from the spool to the metrics store, so a reading that was acked before the backup is
 * in one of the two copies. The state is last, so that devices and commands are as recent as possible.
 */
const databases = ['spool.db', 'metrics.db', 'state.db'];
/**
 * Files beside the databases, by folder. Firmware is copied after the state: a row in the copied state then always has its
 * file.
 */
const fileFolders = { tls: /\.(key|crt)$/, firmware: /^[0-9a-f]{64}$/ } as const;
const progressEveryMs = 500;

/**
 * Copies the identity and the data of the hub: the databases, the hub's own certificates and the files of firmware. Leaves
 * out the files of a running process (`hub.lock`, `hub.sock`, `first-login`). Only the owner can read the copies.
 * @throws HubError `data-dir-invalid` when no hub has used the data folder · `backup-failed`
 */
export async function backUp(options: BackupOptions): Promise<BackupManifest> {
  const { dataDir, folder, deviceTypesDir, version, clock } = options;
  demandUsed(dataDir);
  const found = emptyFolder(folder);
  if (found === 'used') {
    throw new HubError('backup-failed', `${folder} is not empty; give a new folder for each backup`);
  }
  try {
    await chmod(folder, 0o700);
    const madeAt = new Date(clock.now()).toISOString();
    const files: BackupFile[] = [];
    for (const name of databases) {
      if (existsSync(join(dataDir, name))) files.push(await backUpDatabase(name, options));
    }
    for (const [within, wanted] of Object.entries(fileFolders)) {
      for (const name of await filesOf(join(dataDir, within), wanted))
        files.push(...(await backUpFile(within, name, options)));
    }
    const manifest = newManifest({ version, madeAt, deviceTypesDir, files });
    await writeSynced(join(folder, manifestName), `${JSON.stringify(manifest, undefined, 2)}\n`);
    for (const within of Object.keys(fileFolders))
      if (existsSync(join(folder, within))) await syncToDisk(join(folder, within));
    await syncToDisk(folder);
    return manifest;
  } catch (cause) {
    // Half a backup must not look like one.
    for (const name of [...databases, ...Object.keys(fileFolders), manifestName]) {
      await rm(join(folder, name), { recursive: true, force: true });
    }
    if (found === 'made') await rm(folder, { recursive: true, force: true });
    if (cause instanceof HubError) throw cause;
    throw new HubError('backup-failed', `${folder}: ${messageOf(cause)}`, { cause });
  }
}

async function backUpDatabase(
  name: string,
  { dataDir, folder, clock, progress }: BackupOptions,
): Promise<BackupFile> {
  const [from, to] = [join(dataDir, name), join(folder, name)];
  const of = (await stat(from)).size;
  const report = (): void => {
    stat(to).then(
      ({ size }) => progress({ name, bytes: size, of }),
      // It is not there yet.
      () => undefined,
    );
  };
  const stop = clock.every(progressEveryMs, report);
  try {
    const copied = await copyDatabase(from, to);
    if ('fault' in copied) throw new HubError('backup-failed', `${from} to ${to}: ${copied.fault}`);
    const described = await describeFile(folder, name);
    progress({ name, bytes: described.bytes, of: described.bytes });
    return { ...described, schema: copied.schema };
  } finally {
    stop();
  }
}

async function filesOf(folder: string, wanted: RegExp): Promise<string[]> {
  if (!existsSync(folder)) return [];
  return (await readdir(folder)).filter((name) => wanted.test(name)).toSorted();
}

/** @returns an empty list when the file was removed meanwhile */
async function backUpFile(
  within: string,
  name: string,
  { dataDir, folder }: BackupOptions,
): Promise<BackupFile[]> {
  await mkdir(join(folder, within), { recursive: true, mode: 0o700 });
  const path = `${within}/${name}`;
  const to = join(folder, path);
  try {
    await copyFile(join(dataDir, path), to);
  } catch (error) {
    if (!existsSync(join(dataDir, path))) return [];
    throw error;
  }
  await chmod(to, 0o600);
  await syncToDisk(to);
  return [await describeFile(folder, path)];
}

async function writeSynced(file: string, text: string): Promise<void> {
  const handle = await open(file, 'wx', 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}
