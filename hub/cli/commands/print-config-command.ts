/** `print-config`: the configuration in effect, as JSON, secrets hidden. */

import type { Command } from 'commander';
import type { CliDeps } from '../cli-deps.ts';
import { loadConfig, type ConfigOptions } from '../config-source.ts';
import { table } from '../table.ts';
import { withoutSecrets } from '../hidden-secrets.ts';

export function addPrintConfig(program: Command, deps: CliDeps): void {
  program
    .command('print-config')
    .description('print the configuration in effect as JSON, secrets hidden')
    .option('--sources', 'a table of all settings, with what set each')
    .action((_options: unknown, command: Command) => {
      const options = command.optsWithGlobals<ConfigOptions & { sources?: true }>();
      const { config, warnings } = loadConfig(options, deps);
      for (const warning of warnings) deps.err(`warning: ${warning}\n`);
      if (options.sources === true) {
        const rows = config.settings.map(({ environment, value, from }) => [
          environment,
          value === null ? '-' : typeof value === 'string' ? value : JSON.stringify(value),
          from,
        ]);
        deps.out(table(['SETTING', 'VALUE', 'FROM'], rows));
        return;
      }
      deps.out(`${JSON.stringify(withoutSecrets(config), undefined, 2)}\n`);
    });
}
