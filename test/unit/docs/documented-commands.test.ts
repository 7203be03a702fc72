import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { CommanderError, type Command } from 'commander';
import { simCommandLine } from '../../../device-sim/cli/sim-program.ts';
import type { CliContext } from '../../../device-sim/cli/sim-context.ts';
import { commandLine } from '../../../hub/cli/commands/program.ts';
import type { CliDeps } from '../../../hub/cli/cli-deps.ts';
import {
  commandsOf,
  documentedCommands,
  type DocumentedCommand,
} from '../../helpers/docs/documented-commands.ts';
import { shellCommands } from '../../helpers/docs/shell-commands.ts';

const nothing = (): void => undefined;

/** What a mention within a sentence may leave out. */
const leftOut = new Set([
  'commander.missingArgument',
  'commander.missingMandatoryOptionValue',
  'commander.optionMissingArgument',
  'commander.help',
]);

const scripts = (
  JSON.parse(readFileSync(join(import.meta.dirname, '../../../package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  }
).scripts;

/** @returns what is wrong with it, by the program that it calls; nothing of it is done */
function faultOf({ program, args, isWhole }: DocumentedCommand): string | undefined {
  if (program === 'npm') return scripts[args[0] ?? ''] === undefined ? 'there is no such script' : undefined;
  if (args.length === 1 && args[0] === '--version') return undefined;
  const tree =
    program === 'hub'
      ? commandLine({ out: nothing, err: nothing } as unknown as CliDeps, nothing)
      : simCommandLine({} as CliContext);
  doNothing(tree);
  try {
    tree.parse(args, { from: 'user' });
    return undefined;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.code === 'commander.helpDisplayed' || (!isWhole && leftOut.has(error.code))
      ? undefined
      : error.message;
  }
}

/** Leaves arguments and options of all sub-commands as they are, and takes away what they do and print. */
function doNothing(command: Command): void {
  command.exitOverride().configureOutput({ writeOut: nothing, writeErr: nothing });
  if (command.commands.length === 0 || command.registeredArguments.length > 0) command.action(nothing);
  for (const each of command.commands) doNothing(each);
}

test('every command that a document shows is one, with arguments and options that there are', () => {
  const commands = documentedCommands();
  assert.ok(commands.length > 150, `${commands.length} are found`);
  const faults = commands.flatMap((command) => {
    const fault = faultOf(command);
    return fault === undefined ? [] : [`${command.file}: ${command.args.join(' ')}: ${fault}`];
  });
  assert.deepEqual(faults, []);
});

test('a command of a document is found in blocks and in sentences, whatever stands around it', () => {
  const text = [
    'Run `device-hub operator add anna',
    '--role viewer`; not `hub.sock`.',
    '```sh',
    'HUB_DATA_DIR=var/demo npm run -s hub -- twin d-1 --nothing   # why',
    "docker compose exec hub device-hub device list 'd 1' --typ \\",
    '  x > file 2>&1 && npm run nothing',
    '```',
  ].join('\n');
  const commands = commandsOf('page.md', text);
  assert.deepEqual(
    commands.map(({ args, isWhole }) => [args.join('|'), isWhole]),
    [
      ['twin|d-1|--nothing', true],
      ['device|list|d 1|--typ|x', true],
      ['nothing', true],
      ['operator|add|anna|--role|viewer', false],
    ],
  );
  assert.deepEqual(
    commands.map((command) => faultOf(command)?.replace(/\(.*/su, '').trim()),
    [
      "error: unknown option '--nothing'",
      "error: unknown option '--typ'",
      'there is no such script',
      "error: unknown command 'add'",
    ],
  );
});

test('a shell script is cut into its commands, with quotes, substitutions and redirections', () => {
  assert.deepEqual(shellCommands('a "b \\"c" \'d e\' $(date +%F)/x < in | f > out; g # h\ni'), [
    ['a', 'b "c', 'd e', '$(date +%F)/x'],
    ['f'],
    ['g'],
    ['i'],
  ]);
});
