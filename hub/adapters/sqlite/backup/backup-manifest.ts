/** `backup.json` lists the files of a backup. It is written last: a backup without it is incomplete. */
import { createHash } from 'node:crypto';
import { createReadStream, readFileSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import {
  backupFormat,
  backupKind,
  type BackupFile,
  type BackupManifest,
} from '../../../../schemas/backup/backup-manifest.ts';
import { HubError, messageOf } from '../../../kernel/errors.ts';

export const manifestName = 'backup.json';

export function newManifest(made: Omit<BackupManifest, 'kind' | 'format'>): BackupManifest {
  return { kind: backupKind, format: backupFormat, ...made };
}

/** @throws HubError `backup-invalid` */
export function readManifest(folder: string): BackupManifest {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(join(folder, manifestName), 'utf8'));
  } catch (cause) {
    const note = `${folder} has no ${manifestName} that can be read (${messageOf(cause)})`;
    throw new HubError('backup-invalid', `${note}; give the folder that device-hub backup made`, { cause });
  }
  if (!isManifest(value)) throw invalidBackup(folder, `${manifestName} does not describe a backup`);
  if (value.format !== backupFormat) {
    throw invalidBackup(
      folder,
      `made by device-hub ${value.version}, whose format ${value.format} is not known`,
    );
  }
  return value;
}

/** @throws HubError `backup-invalid` when the file is not the one that the manifest describes */
export async function checkFile(folder: string, { name, bytes, sha256 }: BackupFile): Promise<void> {
  try {
    const found = await describeFile(folder, name);
    if (found.bytes === bytes && found.sha256 === sha256) return;
  } catch (cause) {
    throw new HubError('backup-invalid', `${join(folder, name)}: ${messageOf(cause)}`, { cause });
  }
  throw invalidBackup(folder, `${name} is not the file that was backed up: its checksum differs`);
}

export async function describeFile(folder: string, name: string): Promise<BackupFile> {
  const hash = createHash('sha256');
  const file = join(folder, name);
  await pipeline(createReadStream(file), hash);
  return { name, bytes: (await stat(file)).size, sha256: hash.digest('hex') };
}

export function invalidBackup(folder: string, note: string): HubError {
  return new HubError('backup-invalid', `${folder}: ${note}`, { details: { folder } });
}

/** Matches no name that leads out of the folder. */
const fileName = /^((tls|firmware)\/)?[\w-][\w.-]*$/;

function isManifest(value: unknown): value is BackupManifest {
  if (!isRecord(value) || value['kind'] !== backupKind || typeof value['format'] !== 'number') return false;
  const { version, madeAt, files } = value;
  if (typeof version !== 'string' || typeof madeAt !== 'string' || Number.isNaN(Date.parse(madeAt)))
    return false;
  return Array.isArray(files) && files.every(isFile);
}

function isFile(value: unknown): value is BackupFile {
  if (!isRecord(value)) return false;
  const { name, bytes, sha256, schema } = value;
  if (schema !== undefined && typeof schema !== 'number') return false;
  return (
    typeof name === 'string' && fileName.test(name) && typeof bytes === 'number' && typeof sha256 === 'string'
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
