#!/usr/bin/env node
/** The process: arguments and environment in, signals, exit code. The only file that exits. */

import packageJson from '../package.json' with { type: 'json' };
import type { CliDeps, StopReason } from './cli/cli-deps.ts';
import { exitCodes } from './cli/exit-codes.ts';
import { runCli } from './cli/commands/program.ts';
import { createLog } from './kernel/log.ts';
import { systemClock } from '../schemas/time/clock.ts';
import { terminalText } from '../schemas/terminal-text.ts';
import { cronTimes } from './wiring/cron-times.ts';
import { createServiceManager } from './wiring/service-manager-wiring.ts';

/** Ctrl-C under npm arrives twice: from the terminal, and passed on by npm. Signals this close are one. */
const sameSignalMs = 500;

const signalNumbers = { SIGINT: 2, SIGTERM: 15 } as const;

/** Set while the hub runs: a reason to stop goes here instead of ending the process. True for the first one. */
let askToStop: ((reason: StopReason) => boolean) | undefined;

function stopRequested(): Promise<StopReason> {
  return new Promise((resolve) => {
    let asked = false;
    const ask = (reason: StopReason): boolean => {
      const first = !asked;
      asked = true;
      resolve(reason);
      return first;
    };
    askToStop = ask;
    let signalledAt: number | undefined;
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.on(signal, () => {
        const now = systemClock.monotonic();
        if (signalledAt !== undefined && now - signalledAt > sameSignalMs) {
          process.exit(128 + signalNumbers[signal]);
        }
        signalledAt ??= now;
        ask({ kind: 'signal', signal });
      });
    }
  });
}

function crashed(error: unknown): void {
  // The first fault of a running hub is logged where it stops; one during the stop has this place alone.
  if (askToStop?.({ kind: 'crashed', error }) === true) return;
  process.stderr.write(terminalText(`device-hub: ${error instanceof Error ? error.stack : String(error)}\n`));
  if (askToStop === undefined) process.exit(exitCodes.crash);
}

/** Resolves when the reader has everything that was written, or nobody reads any more. */
function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    stream.write('', () => resolve());
  });
}

process.on('uncaughtException', crashed);
process.on('unhandledRejection', crashed);
// A reader that stops early (`| head`) is not a fault.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(exitCodes.ok);
});

// npm only warns about a wrong engine, and an older Node would fail somewhere inside.
if (Number.parseInt(process.versions.node, 10) < Number.parseInt(packageJson.engines.node.slice(2), 10)) {
  process.stderr.write(
    `device-hub: this is Node ${process.versions.node}, and Node ${packageJson.engines.node} is needed\n`,
  );
  process.exit(exitCodes.fault);
}

const program = { clock: systemClock, version: packageJson.version };

const deps: CliDeps = {
  env: process.env,
  cwd: process.cwd(),
  version: packageJson.version,
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
  terminal: process.stderr.isTTY,
  clock: systemClock,
  cronTimes,
  createLog: (level) => createLog({ level, pretty: process.stdout.isTTY }),
  // Loaded when asked for: the other sub-commands need none of the hub's parts.
  fileFaults: async (files, nowMs) => (await import('./wiring/file-faults.ts')).fileFaults(files, nowMs),
  startHub: async (config, hubDeps) => (await import('./hub.ts')).startHub(config, hubDeps),
  openOfflineOperations: async (config, options) =>
    (await import('./offline.ts')).openOfflineOperations(config, options),
  backUp: async (config, folder, progress) =>
    (await import('./wiring/backup-wiring.ts')).backUpHub(config, folder, { ...program, progress }),
  restore: async (config, folder) =>
    (await import('./wiring/backup-wiring.ts')).restoreHub(config, folder, program),
  moveState: async (config, options) =>
    (await import('./wiring/state/state-move-wiring.ts')).moveHubState(config, options),
  importReadings: async (config, progress) =>
    (await import('./wiring/state/import-wiring.ts')).importReadings(config, progress),
  serviceManager: createServiceManager(process),
  stopRequested,
};

const code = await runCli(process.argv.slice(2), deps);
// `process.exit` drops what a slow reader of a pipe has not taken yet: secrets that are shown once among it.
await Promise.all([flushed(process.stdout), flushed(process.stderr)]);
process.exit(code);
