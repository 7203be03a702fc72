/** `import`: from the embedded store to InfluxDB. */

import type { Command } from 'commander';
import type { CliDeps } from '../../cli-deps.ts';
import { loadConfig, type ConfigOptions } from '../../config-source.ts';
import { exitCodes, type ExitCode } from '../../exit-codes.ts';

type Options = ConfigOptions & { json?: true };

/** Lines of progress are so far apart, ms. */
const progressEveryMs = 1_000;

export function addImport(program: Command, deps: CliDeps, done: (code: ExitCode) => void): void {
  program
    .command('import')
    .description('copy the readings of the embedded store (metrics.db) into the InfluxDB of HUB_INFLUX_URL')
    .option('--json', 'one JSON object')
    .addHelpText(
      'after',
      '\nEverything is copied, roll-ups and what the hub wrote itself included, and then counted in InfluxDB. Start the hub\n' +
        'with HUB_INFLUX_URL first, so that nothing new goes into the embedded store; the import may run beside it. When it\n' +
        'is interrupted, run it again: it goes on where it was, and a point that is written twice is stored once.\n' +
        'metrics.db stays as it is; remove it when the import says that all is there.',
    )
    .action(async (_options: unknown, command: Command) => {
      const options = command.optsWithGlobals<Options>();
      const { config } = loadConfig(options, deps);
      let nextMs = deps.clock.monotonic() + progressEveryMs;
      const report = await deps.importReadings(config, ({ points }, of) => {
        if (deps.clock.monotonic() < nextMs) return;
        nextMs = deps.clock.monotonic() + progressEveryMs;
        deps.err(`${points} of about ${of} points\n`);
      });
      const { points, refused, reason, measurements, missing } = report;
      if (options.json === true) deps.out(`${JSON.stringify(report)}\n`);
      else {
        deps.out(`${points} points of ${measurements} measurements copied\n`);
        if (refused > 0) deps.out(`InfluxDB refused ${refused} of them: ${reason ?? 'without a reason'}\n`);
        for (const { measurement, field, sent, found } of missing)
          deps.out(`${measurement} ${field}: ${found} of ${sent} values are there\n`);
        if (refused === 0 && missing.length === 0) deps.out('counted in InfluxDB: all is there\n');
      }
      if (refused > 0 || missing.length > 0) done(exitCodes.fault);
    });
}
