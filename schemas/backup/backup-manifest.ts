/** `backup.json`: the list of the files of a backup. */

export const backupKind = 'device-hub-backup';
export const backupFormat = 1;

export interface BackupFile {
  /** Within the data folder, such as `state.db` or `tls/ca.key`. */
  readonly name: string;
  readonly bytes: number;
  /** Hexadecimal. */
  readonly sha256: string;
  /** For a database: the number of migrations that have run. */
  readonly schema?: number;
}

export interface BackupManifest {
  readonly kind: typeof backupKind;
  readonly format: number;
  /** The version of the program that made the backup. */
  readonly version: string;
  /** When the backup began, ISO 8601. It has everything that was acked before. */
  readonly madeAt: string;
  /** The folder of the device types, which is not part of the backup. */
  readonly deviceTypesDir: string;
  readonly files: readonly BackupFile[];
}

/** The progress of copying one file. */
export interface BackupProgress {
  name: string;
  bytes: number;
  /** The size of the original. The copy may be smaller, because it has no free pages. */
  of: number;
}
