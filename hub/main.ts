#!/usr/bin/env node
/** The process: arguments and environment in, signals, exit code. The only file that exits. */

import packageJson from '../package.json' with { type: 'json' };
import { isCron } from './adapters/cron.ts';
import type { CliDeps, StopReason } from './cli/cli-deps.ts';
import { exitCodes } from './cli/exit-codes.ts';
import { runCli } from './cli/program.ts';
import { messageOf } from './kernel/errors.ts';
import { createLog } from './kernel/log.ts';
import { systemClock } from './kernel/time.ts';

/** Ctrl-C under npm arrives twice: from the terminal, and passed on by npm. Signals this close are one. */
const sameSignalMs = 500;

const signalNumbers = { SIGINT: 2, SIGTERM: 15 } as const;

/** Set while the hub runs: a reason to stop goes here instead of ending the process. */
let askToStop: ((reason: StopReason) => void) | undefined;

function stopRequested(): Promise<StopReason> {
  return new Promise((resolve) => {
    askToStop = resolve;
    let firstAt: number | undefined;
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.on(signal, () => {
        const now = systemClock.monotonic();
        if (firstAt !== undefined && now - firstAt > sameSignalMs) process.exit(128 + signalNumbers[signal]);
        firstAt ??= now;
        resolve({ kind: 'signal', signal });
      });
    }
  });
}

function crashed(error: unknown): void {
  if (askToStop !== undefined) {
    askToStop({ kind: 'crashed', error });
    return;
  }
  process.stderr.write(`device-hub: ${messageOf(error)}\n`);
  process.exit(exitCodes.crash);
}

process.on('uncaughtException', crashed);
process.on('unhandledRejection', crashed);
// A reader that has seen enough (`| head`) is no fault.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(exitCodes.ok);
});

const deps: CliDeps = {
  env: process.env,
  cwd: process.cwd(),
  version: packageJson.version,
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
  clock: systemClock,
  isCron,
  createLog: (level) => createLog({ level, pretty: process.stdout.isTTY }),
  // Loaded when asked for: the other sub-commands need none of the hub's parts.
  startHub: async (config, hubDeps) => (await import('./hub.ts')).startHub(config, hubDeps),
  openOfflineOperations: async (config) => (await import('./offline.ts')).openOfflineOperations(config),
  stopRequested,
};

process.exit(await runCli(process.argv.slice(2), deps));
