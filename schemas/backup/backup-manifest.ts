/** `backup.json` of a backup: what it consists of. */

export const backupKind = 'device-hub-backup';
export const backupFormat = 1;

export interface BackupFile {
  /** Within the data folder, such as `state.db` or `tls/ca.key`. */
  readonly name: string;
  readonly bytes: number;
  /** Hexadecimal. */
  readonly sha256: string;
  /** Of a database: how many of the hub's migrations it has. */
  readonly schema?: number;
}

export interface BackupManifest {
  readonly kind: typeof backupKind;
  readonly format: number;
  /** Of the program that made it. */
  readonly version: string;
  /** When it was begun: everything acked before is in it. ISO 8601. */
  readonly madeAt: string;
  /** The folder of the device types, which is not part of the backup. */
  readonly deviceTypesDir: string;
  readonly files: readonly BackupFile[];
}

/** How far the copy of one file has come. */
export interface BackupProgress {
  name: string;
  bytes: number;
  /** Of the file that is copied; the copy may be smaller, because it has no free pages. */
  of: number;
}
