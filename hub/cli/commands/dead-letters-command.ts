/** `dead-letters list | show | retry | purge`: lines that the metrics store permanently rejected. */

import { InvalidArgumentError, type Command } from 'commander';
import type { DeadLetter, DeadLetterSelection } from '../../../schemas/api/telemetry/spool.ts';
import type { CliDeps } from '../cli-deps.ts';
import type { ConfigOptions } from '../config-source.ts';
import { exitCodes } from '../exit-codes.ts';
import { withOperations } from '../operations.ts';
import { isoTime } from '../../../schemas/iso-time.ts';
import { table } from '../table.ts';

const pageLetters = 1_000;

interface Selection extends ConfigOptions {
  device?: string;
  all?: true;
}

export function addDeadLetters(program: Command, deps: CliDeps): void {
  const letters = program
    .command('dead-letters')
    .description('lines that the metrics store permanently rejected, with its reason');

  letters
    .command('list')
    .description('all dead letters, oldest first')
    .option('--device <id>', 'only of this device')
    .option('--json', 'one JSON object per line')
    .action((_options: unknown, command: Command) => {
      const options = command.optsWithGlobals<ConfigOptions & { device?: string; json?: true }>();
      return withOperations(options, deps, async (operations) => {
        const { device } = options;
        const all: DeadLetter[] = [];
        for (let afterId = 0; ;) {
          const query = { device, afterId, limit: pageLetters };
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
        deps.out(table(['ID', 'DEVICE', 'REJECTED', 'REASON'], rows));
      });
    });

  letters
    .command('show')
    .description('one dead letter, with its line')
    .argument('<id>', '', parseId)
    .action(async (id: number, _options: unknown, command: Command) => {
      const options = command.optsWithGlobals<ConfigOptions>();
      const letter = await withOperations(options, deps, (operations) => operations.deadLetter(id));
      const { refusedMs, account, ...rest } = letter;
      const shown = { ...rest, device: account, rejected: isoTime(refusedMs) };
      deps.out(
        table(
          ['', ''],
          Object.entries(shown).map(([name, value]) => [name, String(value)]),
        ).trimStart(),
      );
    });

  addSelecting(letters, deps, {
    name: 'retry',
    description: 'retry writing them, after fixing the cause',
    done: 'queued for retry',
    run: (operations, selection) => operations.retryDeadLetters(selection),
  });
  addSelecting(letters, deps, {
    name: 'purge',
    description: 'delete them permanently; they count as dropped',
    done: 'deleted',
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
    .argument('[ids...]', 'ids from the list', parseIds)
    .option('--device <id>', 'all dead letters of this device')
    .option('--all', 'all dead letters')
    .action(async (ids: number[] | undefined, _options: unknown, command: Command) => {
      const options = command.optsWithGlobals<Selection>();
      const selection = selectionOf(ids ?? [], options);
      if (selection === undefined) {
        command.error('error: give exactly one of: ids, --device, --all', { exitCode: exitCodes.usage });
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
