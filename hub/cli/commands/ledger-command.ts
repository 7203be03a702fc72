/** `ledger`: accounts for every point. */

import type { Command } from 'commander';
import type { LedgerRow } from '../../../schemas/api/telemetry/ledger.ts';
import type { CliDeps } from '../cli-deps.ts';
import type { ConfigOptions } from '../config-source.ts';
import { withOperations } from '../operations.ts';
import { table } from '../table.ts';

const fates = [
  'carried',
  'received',
  'rejected',
  'stored',
  'dropped',
  'inFlight',
  'spooled',
  'deadLettered',
  'imbalance',
] as const satisfies (keyof LedgerRow)[];

interface LedgerOptions extends ConfigOptions {
  device?: string;
  json?: true;
}

export function addLedger(program: Command, deps: CliDeps): void {
  program
    .command('ledger')
    .description('accounts for every point since the hub started, per device and in total')
    .option('--device <id>', 'only this device')
    .option('--json', 'one JSON object')
    .addHelpText(
      'after',
      '\ncarried + received = rejected + stored + dropped + inFlight + spooled + deadLettered\n' +
        'carried: already on disk when the hub started; imbalance: anything but 0 is a bug in the hub',
    )
    .action(async (_options: unknown, command: Command) => {
      const options = command.optsWithGlobals<LedgerOptions>();
      const report = await withOperations(options, deps, (operations) => operations.ledger(options.device));
      if (options.json === true) {
        deps.out(`${JSON.stringify(report)}\n`);
        return;
      }
      const rows = options.device === undefined ? [...report.accounts, report.total] : report.accounts;
      deps.out(
        table(
          ['DEVICE', ...fates.map((fate) => fate.toUpperCase())],
          rows.map((row) => [row.id, ...fates.map((fate) => String(row[fate]))]),
        ),
      );
    });
}
