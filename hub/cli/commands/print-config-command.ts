/** `print-config`: the configuration in effect, as JSON, secrets hidden. */

import type { Command } from 'commander';
import type { CliDeps } from '../cli-deps.ts';
import { loadConfig, type ConfigOptions } from '../config-source.ts';
import { withoutSecrets } from '../hidden-secrets.ts';

export function addPrintConfig(program: Command, deps: CliDeps): void {
  program
    .command('print-config')
    .description('print the configuration in effect as JSON, secrets hidden')
    .action((_options: unknown, command: Command) => {
      const { config, warnings } = loadConfig(command.optsWithGlobals<ConfigOptions>(), deps);
      for (const warning of warnings) deps.err(`warning: ${warning}\n`);
      deps.out(`${JSON.stringify(withoutSecrets(config), undefined, 2)}\n`);
    });
}
