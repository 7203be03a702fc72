import { Command } from 'commander';
import { addCheck } from './check-command.ts';
import { addDevice, addFleet } from './fleet-command.ts';
import { addReplay } from './replay-command.ts';
import type { CliContext } from './sim-context.ts';
import { addVerify } from './verify-command.ts';

/** Every sub-command of the simulator with its arguments and options. */
export function simCommandLine(context: CliContext): Command {
  const program = new Command('sim')
    .description('simulated devices for the hub')
    .showHelpAfterError('(see --help)')
    .exitOverride();
  addFleet(program, context);
  addReplay(program, context);
  addVerify(program, context);
  addDevice(program, context);
  addCheck(program, context);
  for (const command of program.commands) command.exitOverride();
  return program;
}
