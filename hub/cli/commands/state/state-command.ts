/** `state migrate`: from the data folder of one hub to the PostgreSQL that several can share. */

import type { Command } from 'commander';
import type { MoveProgress } from '../../../../schemas/state-move.ts';
import type { CliDeps } from '../../cli-deps.ts';
import { loadConfig, type ConfigOptions } from '../../config-source.ts';

type Options = ConfigOptions & { json?: true; dryRun?: true };

/** Lines of progress are so far apart, ms. */
const progressEveryMs = 500;

export function addState(program: Command, deps: CliDeps): void {
  const state = program.command('state').description('where the hub keeps what it knows');
  state
    .command('migrate')
    .description(
      'move the state of the data folder into the PostgreSQL of HUB_STATE_URL; no hub may run on either',
    )
    .option('--dry-run', 'say what would be moved, and write nothing to PostgreSQL')
    .option('--json', 'one JSON object')
    .addHelpText(
      'after',
      '\nEvery table is copied, and then compared by count and digest. When it is interrupted, run it again: it goes on\n' +
        'where it was, and no hub starts on half a state. In the end state.db is called state-moved.db. Firmware and spool\n' +
        'stay in the data folder. Readings of the embedded store go to InfluxDB with `import`.',
    )
    .action(async (_options: unknown, command: Command) => {
      const options = command.optsWithGlobals<Options>();
      const { config } = loadConfig(options, deps);
      const dryRun = options.dryRun === true;
      const report = await deps.moveState(config, { dryRun, progress: progressLines(deps) });
      if (options.json === true) {
        deps.out(
          `${JSON.stringify({ dataDir: config.dataDir, url: config.state?.url, dryRun, ...report })}\n`,
        );
        return;
      }
      const rows = report.tables.reduce((sum, table) => sum + table.rows, 0);
      const what = `hub ${report.hub}, ${rows} rows of ${report.tables.length} tables`;
      if (dryRun) {
        for (const { name, rows: count } of report.tables) if (count > 0) deps.out(`${name}: ${count}\n`);
        deps.out(`${what}: ${plans[report.begins]}; nothing was written\n`);
        return;
      }
      deps.out(`${what}: ${outcomes[report.begins]}\n`);
      deps.out(
        'start the hub with the same HUB_STATE_URL and HUB_DATA_DIR; state.db is state-moved.db now\n',
      );
    });
}

const plans = {
  new: 'would be moved',
  resumed: 'would go on where an earlier move was interrupted',
  finished: 'were moved already; state.db would be set aside',
};

const outcomes = {
  new: 'moved and compared',
  resumed: 'moved and compared, after an interruption',
  finished: 'had been moved and compared already',
};

/** Only whoever sits before a terminal wants to see how far it is. */
function progressLines({ terminal, clock, err }: CliDeps): (progress: MoveProgress) => void {
  let nextMs = clock.monotonic() + progressEveryMs;
  return ({ step, table, rows, of }) => {
    if (!terminal || clock.monotonic() < nextMs) return;
    nextMs = clock.monotonic() + progressEveryMs;
    err(`${step} ${table}: ${rows} of ${of}\n`);
  };
}
