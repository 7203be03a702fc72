/** What the command line needs from the process. */

import type { Config } from '../config/config.ts';
import type { NamedFault } from '../config/config-fault.ts';
import type { NamedFiles } from '../config/named-files.ts';
import type { DeviceOperations } from '../admin/admin-operations.ts';
import type { CredentialOperations } from '../admin/credential-operations.ts';
import type { RestoredCommands } from '../admin/restored-commands.ts';
import type { RunningHub } from '../kernel/running-hub.ts';
import type { ServiceManager } from '../kernel/service-manager.ts';
import type { Log, LogLevel } from '../kernel/log.ts';
import type { BackupManifest, BackupProgress } from '../../schemas/backup/backup-manifest.ts';
import type { Clock } from '../../schemas/time/clock.ts';
import type { MoveProgress, MoveReport } from '../../schemas/state-move.ts';
import type { ImportReport, ImportState } from '../../schemas/store-import.ts';
import type { TelemetryOperations } from '../admin/telemetry-operations.ts';

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
  startHub: (config: Config, deps: { log: Log }) => Promise<RunningHub>;
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
  /** Moves the state of the data folder into PostgreSQL, or says what that would do. */
  moveState: (
    config: Config,
    options: { dryRun: boolean; progress: (progress: MoveProgress) => void },
  ) => Promise<MoveReport>;
  /** Copies what the embedded metrics store has into InfluxDB. */
  importReadings: (
    config: Config,
    progress: (state: ImportState, of: number) => void,
  ) => Promise<ImportReport>;
  /** Who has started the process. */
  serviceManager: ServiceManager;
  /** From this call on, signals and uncaught exceptions resolve the promise instead of ending the process. */
  stopRequested: () => Promise<StopReason>;
}
