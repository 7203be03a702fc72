/** What the command line takes from the process around it. */

import type { Config, NamedFault, NamedFiles } from '../config/config.ts';
import type { DeviceOperations } from '../admin/admin-operations.ts';
import type { CredentialOperations } from '../admin/credential-operations.ts';
import type { Log, LogLevel } from '../kernel/log.ts';
import type { Clock } from '../kernel/time.ts';
import type { TelemetryOperations } from '../telemetry/telemetry-operations.ts';

/** The running hub, as `start` needs it. */
export interface StartedHub {
  deviceUrl: string;
  adminUrl: string;
  /** Of the embedded broker. */
  brokerUrl?: string;
  /** Makes the first admin, once. */
  firstLogin?: string;
  /** `lost`: readings taken and not stored. `faults`: parts that did not close well. */
  close(): Promise<{ lost: number; faults: readonly { name: string; error: unknown }[] }>;
  /** Resolves when a part has failed for good. */
  failed: Promise<Error>;
}

/** What needs no running hub. */
export type OfflineOperations = DeviceOperations & CredentialOperations & TelemetryOperations;

/** Why the hub shall stop. */
export type StopReason = { kind: 'signal'; signal: string } | { kind: 'failed' | 'crashed'; error: unknown };

export interface CliDeps {
  env: Readonly<Record<string, string | undefined>>;
  /** Absolute. */
  cwd: string;
  version: string;
  out: (text: string) => void;
  err: (text: string) => void;
  clock: Clock;
  isCron: (expression: string) => boolean;
  createLog: (level: LogLevel) => Log;
  /** What a start would find wrong with the files that the configuration names. */
  fileFaults: (files: NamedFiles, nowMs: number) => Promise<NamedFault[]>;
  startHub: (config: Config, deps: { log: Log }) => Promise<StartedHub>;
  /** What can be done on the files of the data folder, for when no hub runs. */
  openOfflineOperations: (config: Config) => Promise<OfflineOperations & { close(): Promise<void> }>;
  /** From this call on, signals and uncaught faults are reasons to stop instead of ending the process. */
  stopRequested: () => Promise<StopReason>;
}
