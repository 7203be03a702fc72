import { Argument, type Command } from 'commander';
import type { CliDeps } from '../cli-deps.ts';
import { placesOf } from './command-words.ts';
import { completionScript, shells, type Shell } from './completion-scripts.ts';

export function addCompletion(program: Command, deps: CliDeps): void {
  program
    .command('completion')
    .addArgument(new Argument('<shell>', 'whose script is printed').choices(shells))
    .description('print a script that completes the words of this command line, for bash, zsh or fish')
    .action((shell: Shell) => deps.out(completionScript(shell, [...placesOf(program)])));
}
