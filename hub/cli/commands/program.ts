/** The command line: its sub-commands, and how every outcome becomes an exit code. */

import { Command, CommanderError } from 'commander';
import { exitCodeOf } from '../../../schemas/api/error-codes.ts';
import { terminalText } from '../../../schemas/terminal-text.ts';
import { HubError, messageOf } from '../../kernel/errors.ts';
import { addAlarm } from './alarm-command.ts';
import { addAudit } from './audit-command.ts';
import { addCheckConfig } from './check-config-command.ts';
import { addBackup, addRestore } from './state/backup-command.ts';
import type { CliDeps } from '../cli-deps.ts';
import { addClock } from './hub/clock-command.ts';
import { addCluster } from './hub/cluster-command.ts';
import { addCommand } from './command-command.ts';
import { addCompletion } from '../completion/completion-command.ts';
import { addDemo } from './demo-command.ts';
import { addDevice } from './device-command.ts';
import { parsePath } from '../arguments.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import { addEnrolment } from './enrolment-command.ts';
import { addFirmware } from './updates/firmware-command.ts';
import { addGrafana } from './grafana-command.ts';
import { addGroup } from './stored-group-command.ts';
import { addOperator, addToken } from './operator-command.ts';
import { addAsyncApi, addOpenApi } from './openapi-command.ts';
import { addPrintConfig } from './print-config-command.ts';
import { addReadings } from './readings-command.ts';
import { addRollout } from './updates/rollout-command.ts';
import { addSchedule } from './schedule-command.ts';
import { addDeadLetters } from './dead-letters-command.ts';
import { addTwin } from './twin-command.ts';
import { addIncident } from './incident-command.ts';
import { addLedger } from './ledger-command.ts';
import { addSchema } from './schema-command.ts';
import { addSpool } from './spool-command.ts';
import { addWebhook } from './webhook-command.ts';
import { addStart } from './start-command.ts';
import { addImport } from './state/import-command.ts';
import { addState } from './state/state-command.ts';

/**
 * Runs one command line to its end.
 * @param args without the program's own two (`process.argv.slice(2)`)
 * @param given what is printed to its `out` and `err` has nothing that a terminal obeys
 * @returns the exit code; faults have been printed to `given.err`
 */
export async function runCli(args: readonly string[], given: CliDeps): Promise<ExitCode> {
  const deps: CliDeps = {
    ...given,
    out: (text) => given.out(terminalText(text)),
    err: (text) => given.err(terminalText(text)),
  };
  // Not an option of the program: commander would take it from the sub-commands that have one of this name.
  if (args[0] === '--version' || args[0] === '-V') {
    deps.out(`${deps.version}\n`);
    return exitCodes.ok;
  }
  let code: ExitCode = exitCodes.ok;
  const done = (ended: ExitCode): void => {
    code = ended;
  };
  try {
    await commandLine(deps, done).parseAsync(args, { from: 'user' });
    return code;
  } catch (error) {
    // Commander has already printed what is wrong; 0 is --help.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
    return report(error, deps);
  }
}

/** Every sub-command with its arguments and options. @param done hears the exit code of one that did not fail */
export function commandLine(deps: CliDeps, done: (code: ExitCode) => void): Command {
  const program = new Command('device-hub')
    .description('a hub between devices and operators: telemetry in, commands out')
    .usage('[options] [command]  |  --version')
    .option('--config <file>', 'configuration file (JSON); environment variables override it', parsePath)
    .option('--data-dir <dir>', "the hub's data folder (default: HUB_DATA_DIR, or ./var)", parsePath)
    .exitOverride()
    .configureOutput({ writeOut: deps.out, writeErr: deps.err });
  addStart(program, deps, done);
  addDemo(program, deps, done);
  addCheckConfig(program, deps, done);
  addPrintConfig(program, deps);
  addDevice(program, deps);
  addReadings(program, deps);
  addCommand(program, deps, done);
  addTwin(program, deps, done);
  addFirmware(program, deps);
  addRollout(program, deps, done);
  addGroup(program, deps);
  addSchedule(program, deps);
  addAudit(program, deps);
  addEnrolment(program, deps);
  addOperator(program, deps);
  addToken(program, deps);
  addSchema(program, deps, done);
  addGrafana(program, deps, done);
  addLedger(program, deps);
  addCluster(program, deps);
  addSpool(program, deps);
  addClock(program, deps);
  addDeadLetters(program, deps);
  addIncident(program, deps);
  addAlarm(program, deps);
  addWebhook(program, deps);
  addBackup(program, deps);
  addRestore(program, deps);
  addState(program, deps);
  addImport(program, deps, done);
  addOpenApi(program, deps);
  addAsyncApi(program, deps);
  addCompletion(program, deps);
  return program;
}

/** Prints one paragraph: what is wrong, where, and the way out. The stack is printed only when debugging. */
function report(error: unknown, { err, env }: CliDeps): ExitCode {
  const expected = error instanceof HubError;
  const debugging = env['HUB_LOG_LEVEL'] === 'debug' || env['HUB_LOG_LEVEL'] === 'trace';
  err(`device-hub: ${messageOf(error).replaceAll('\n', '\n  ')}\n`);
  if (error instanceof Error && debugging) err(`${error.stack ?? ''}\n`);
  if (!expected) {
    if (!debugging) err('this is a bug in the program; set HUB_LOG_LEVEL=debug to see where\n');
    return exitCodes.crash;
  }
  return exitCodeOf(error.code);
}
