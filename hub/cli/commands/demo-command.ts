/** `demo`: a hub of its own with simulated devices, in a process of its own. */

import { spawn } from 'node:child_process';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { HubError } from '../../kernel/errors.ts';
import type { CliDeps } from '../cli-deps.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';

/** Loaded by nothing of the hub: the sources are `.ts`, the package `.js`. */
const demo = fileURLToPath(
  new URL(`../../../device-sim/demo/demo${extname(import.meta.url)}`, import.meta.url),
);

export function addDemo(program: Command, deps: CliDeps, done: (code: ExitCode) => void): void {
  program
    .command('demo')
    .description('run a hub with 25 simulated devices until Ctrl-C; `demo --help` names the options')
    // The options are the demo's own.
    .helpOption(false)
    .allowUnknownOption()
    .allowExcessArguments()
    .action(async (_options: unknown, command: Command) => done(await runDemo(command.args, deps)));
}

/** @throws HubError when it cannot be started */
async function runDemo(args: readonly string[], { cwd, env, stopRequested }: CliDeps): Promise<ExitCode> {
  const child = spawn(process.execPath, [demo, ...args], { cwd, env, stdio: 'inherit' });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('exit', resolve);
    child.once('error', (error) =>
      reject(new HubError('internal', `the demo cannot be started: ${error.message}`, { cause: error })),
    );
  });
  // A second signal of the terminal finds it stopping already.
  void stopRequested().then(() => child.kill('SIGTERM'));
  return (await ended) === 0 ? exitCodes.ok : exitCodes.fault;
}
