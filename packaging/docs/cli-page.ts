import type { Command } from 'commander';
import { commandLine } from '../../hub/cli/commands/program.ts';
import type { CliDeps } from '../../hub/cli/cli-deps.ts';
import { code, generatedNote, plain, table } from './markdown.ts';

const nothing = (): void => undefined;

/** Every sub-command with its arguments and options. */
export function cliPage(): string {
  // Nothing is run: the tree of sub-commands alone is read.
  const program = commandLine({ out: nothing, err: nothing } as unknown as CliDeps, nothing);
  return [
    '# Command line',
    generatedNote('the sub-commands of `hub/cli`'),
    'In a checkout it is `npm run -s hub -- …`, in an installation `device-hub …`. The sub-commands talk to the running hub through `hub.sock` in its data folder. `device-hub completion bash` (or `zsh`, `fish`) prints a script that completes them.',
    '## Options before every sub-command',
    optionTable(program),
    ...program.commands.flatMap((command) => sections(command, '')),
  ]
    .filter((block) => block !== '')
    .join('\n\n');
}

function sections(command: Command, above: string): string[] {
  const path = `${above} ${command.name()}`.trim();
  const heading = [`${above === '' ? '##' : '###'} ${path}`, plain(command.description())];
  const tables = [argumentTable(command), optionTable(command)];
  // One that only groups others cannot be called itself.
  const isGroup = command.commands.length > 0 && tables.every((text) => text === '');
  return [
    ...heading,
    ...(isGroup ? [] : [`\`\`\`sh\ndevice-hub ${path} ${usageOf(command)}\n\`\`\``, ...tables]),
    ...command.commands.flatMap((each) => sections(each, path)),
  ];
}

/** How it is called itself, without what would call one below it. */
function usageOf(command: Command): string {
  return command.commands.length === 0 ? command.usage() : command.usage().replace(' [command]', '');
}

function argumentTable(command: Command): string {
  const rows = command.registeredArguments.map((argument) => [
    code(argument.name()),
    argument.required ? 'yes' : '',
    argument.description,
  ]);
  return rows.length === 0 ? '' : table(['Argument', 'Needed', 'Meaning'], rows);
}

function optionTable(command: Command): string {
  const rows = command.options
    .filter(({ hidden }) => !hidden)
    .map(({ flags, description }) => [code(flags), description]);
  return rows.length === 0 ? '' : table(['Option', 'Meaning'], rows);
}
