/** `spool status | export`: lines on disk, waiting for the metrics store. */

import type { Command } from 'commander';
import type { CliDeps } from '../cli-deps.ts';
import type { ConfigOptions } from '../config-source.ts';
import { withOperations } from '../operations.ts';
import { isoTime } from '../../../schemas/iso-time.ts';
import { table } from '../table.ts';

export function addSpool(program: Command, deps: CliDeps): void {
  const spool = program
    .command('spool')
    .description('lines on disk that the metrics store does not have yet');

  spool
    .command('status')
    .description('how much is spooled, and why')
    .option('--json', 'one JSON object')
    .action(async (_options: unknown, command: Command) => {
      const options = command.optsWithGlobals<ConfigOptions & { json?: true }>();
      const status = await withOperations(options, deps, (operations) => operations.spoolStatus());
      if (options.json === true) {
        deps.out(`${JSON.stringify(status)}\n`);
        return;
      }
      const { oldestMs, ...rest } = status;
      const shown = { ...rest, oldest: oldestMs === null ? '-' : isoTime(oldestMs) };
      deps.out(
        table(
          ['', ''],
          Object.entries(shown).map(([name, value]) => [name, String(value)]),
        ).trimStart(),
      );
    });

  spool
    .command('export')
    .description('print all spooled lines as line protocol, times in microseconds; the spool is not changed')
    .action((_options: unknown, command: Command) =>
      withOperations(command.optsWithGlobals<ConfigOptions>(), deps, async (operations) => {
        let page = await operations.spoolPage(0);
        while (page !== null) {
          deps.out(page.text);
          page = await operations.spoolPage(page.lastId);
        }
      }),
    );
}
