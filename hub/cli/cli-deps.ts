/** What the command line needs from the process. */

import type { Config, NamedFault, NamedFiles } from '../config/config.ts';
import type { DeviceOperations } from '../admin/admin-operations.ts';
import type { CredentialOperations } from '../admin/credential-operations.ts';
import type { RestoredCommands } from '../admin/restored-commands.ts';
import type { Log, LogLevel } from '../kernel/log.ts';
import type { BackupManifest, BackupProgress } from '../../schemas/backup/backup-manifest.ts';
import type { Clock } from '../../schemas/time/clock.ts';
import type { TelemetryOperations } from '../admin/telemetry-operations.ts';

/** The running hub, as `start` sees it. */
export interface StartedHub {
  deviceUrl: string;
  adminUrl: string;
  /** Of the embedded broker. */
  brokerUrl?: string | undefined;
  /** Makes the first admin, once. */
  firstLogin?: string | undefined;
  /** `lost`: readings received but not stored. `faults`: parts that failed to close. */
  close(): Promise<{ lost: number; faults: readonly { name: string; error: unknown }[] }>;
  /** Resolves when a part has failed permanently. */
  failed: Promise<Error>;
}

/** The operations that work without a running hub. */
export type OfflineOperations = DeviceOperations & CredentialOperations & TelemetryOperations;

/** Why the hub is to stop. */
export type StopReason = { kind: 'signal'; signal: string } | { kind: 'failed' | 'crashed'; error: unknown };

export interface CliDeps {
  env: Readonly<Record<string, string | undefined>>;
  /** Absolute. */
  cwd: string;
  version: string;
  out: (text: string) => void;
  err: (text: string) => void;
  /** Standard error is a terminal: what is written there is seen by who sits before it, and not kept. */
  terminal: boolean;
  clock: Clock;
  /** The first `count` times of a cron expression in UTC, Unix ms; none for an invalid expression. */
  cronTimes: (expression: string, afterMs: number, count: number) => number[];
  createLog: (level: LogLevel) => Log;
  /** The faults that a start would find in the files that the configuration names. */
  fileFaults: (files: NamedFiles, nowMs: number) => Promise<NamedFault[]>;
  startHub: (config: Config, deps: { log: Log }) => Promise<StartedHub>;
  /** The operations on the files of the data folder, for when no hub runs. `create`: also where no hub has been. */
  openOfflineOperations: (
    config: Config,
    options: { create: boolean },
  ) => Promise<OfflineOperations & { close(): Promise<void> }>;
  /** Copies the data folder into `folder`. */
  backUp: (
    config: Config,
    folder: string,
    progress: (progress: BackupProgress) => void,
  ) => Promise<BackupManifest>;
  /** Makes the data folder from a backup. */
  restore: (config: Config, folder: string) => Promise<BackupManifest & RestoredCommands>;
  /** From this call on, signals and uncaught exceptions resolve the promise instead of ending the process. */
  stopRequested: () => Promise<StopReason>;
}
