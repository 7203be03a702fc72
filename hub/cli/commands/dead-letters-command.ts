/** `dead-letters list | show | retry | purge`: lines the metrics store refused for good. */

import { InvalidArgumentError, type Command } from 'commander';
import type { DeadLetter, DeadLetterSelection } from '../../../schemas/api/spool.ts';
import type { CliDeps } from '../cli-deps.ts';
import type { ConfigOptions } from '../config-source.ts';
import { exitCodes } from '../exit-codes.ts';
import { withOperations } from '../operations.ts';
import { isoTime, table } from '../table.ts';

const pageLetters = 1_000;

interface Selection extends ConfigOptions {
  device?: string;
  all?: true;
}

export function addDeadLetters(program: Command, deps: CliDeps): void {
  const letters = program
    .command('dead-letters')
    .description('lines the metrics store refused for good, with its reason');

  letters
    .command('list')
    .description('all of them, oldest first')
    .option('--device <id>', 'only of this device')
    .option('--json', 'one JSON object a line')
    .action((_options: unknown, command: Command) => {
      const options = command.optsWithGlobals<ConfigOptions & { device?: string; json?: true }>();
      return withOperations(options, deps, async (operations) => {
        const { device } = options;
        const all: DeadLetter[] = [];
        for (let afterId = 0; ;) {
          const query = { ...(device === undefined ? {} : { device }), afterId, limit: pageLetters };
          const page = await operations.deadLetters(query);
          if (options.json === true) deps.out(page.map((letter) => `${JSON.stringify(letter)}\n`).join(''));
          else all.push(...page);
          const last = page.at(-1);
          if (last === undefined || page.length < pageLetters) break;
          afterId = last.id;
        }
        if (options.json === true) return;
        const rows = all.map(({ id, account, refusedMs, reason }) => [
          String(id),
          account,
          isoTime(refusedMs),
          reason,
        ]);
        deps.out(table(['ID', 'DEVICE', 'REFUSED', 'REASON'], rows));
      });
    });

  letters
    .command('show')
    .description('one, with its line')
    .argument('<id>', '', parseId)
    .action(async (id: number, _options: unknown, command: Command) => {
      const options = command.optsWithGlobals<ConfigOptions>();
      const letter = await withOperations(options, deps, (operations) => operations.deadLetter(id));
      const { refusedMs, account, ...rest } = letter;
      const shown = { ...rest, device: account, refused: isoTime(refusedMs) };
      deps.out(
        table(
          ['', ''],
          Object.entries(shown).map(([name, value]) => [name, String(value)]),
        ).trimStart(),
      );
    });

  addSelecting(letters, deps, {
    name: 'retry',
    description: 'put them back on the way to the store, after what it refused them for is mended',
    done: 'on the way to the store again',
    run: (operations, selection) => operations.retryDeadLetters(selection),
  });
  addSelecting(letters, deps, {
    name: 'purge',
    description: 'throw them away for good',
    done: 'purged',
    run: (operations, selection) => operations.purgeDeadLetters(selection),
  });
}

interface Selecting {
  name: string;
  description: string;
  done: string;
  run: (
    operations: Parameters<Parameters<typeof withOperations>[2]>[0],
    selection: DeadLetterSelection,
  ) => Promise<number>;
}

function addSelecting(letters: Command, deps: CliDeps, { name, description, done, run }: Selecting): void {
  letters
    .command(name)
    .description(description)
    .argument('[ids...]', 'their ids', parseIds)
    .option('--device <id>', 'all of this device')
    .option('--all', 'all of them')
    .action(async (ids: number[] | undefined, _options: unknown, command: Command) => {
      const options = command.optsWithGlobals<Selection>();
      const selection = selectionOf(ids ?? [], options);
      if (selection === undefined) {
        command.error('error: say which: ids, --device or --all, one of them', { exitCode: exitCodes.usage });
      }
      const count = await withOperations(options, deps, (operations) => run(operations, selection));
      deps.out(`${count} ${count === 1 ? 'line is' : 'lines are'} ${done}\n`);
    });
}

function selectionOf(ids: number[], { device, all }: Selection): DeadLetterSelection | undefined {
  const ways: DeadLetterSelection[] = [];
  if (ids.length > 0) ways.push({ ids });
  if (device !== undefined) ways.push({ device });
  if (all === true) ways.push({ all });
  return ways.length === 1 ? ways[0] : undefined;
}

function parseIds(text: string, earlier: number[] | undefined): number[] {
  return [...(earlier ?? []), parseId(text)];
}

function parseId(text: string): number {
  if (!/^[1-9]\d{0,14}$/.test(text))
    throw new InvalidArgumentError('It must be the number of a dead letter.');
  return Number(text);
}
