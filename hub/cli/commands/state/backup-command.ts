/** `backup` and `restore`: a data folder as a copy that can be trusted, and back. */

import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { CliDeps } from '../../cli-deps.ts';
import { loadConfig, type ConfigOptions } from '../../config-source.ts';
import { mebibyte } from '../../../kernel/mebibyte.ts';

type Options = ConfigOptions & { json?: true };

export function addBackup(program: Command, deps: CliDeps): void {
  program
    .command('backup')
    .description('copy the data folder into a new folder, while the hub runs or not')
    .argument('<folder>', 'a new folder, or an empty one')
    .option('--json', 'one JSON object')
    .addHelpText(
      'after',
      '\nThe copy has the databases and the certificates that the hub made, each checked. It is as secret as the data\n' +
        'folder. Configuration, device types and InfluxDB are not part of it.',
    )
    .action(async (folder: string, _options: unknown, command: Command) => {
      const options = command.optsWithGlobals<Options>();
      const { config } = loadConfig(options, deps);
      const path = resolve(deps.cwd, folder);
      const manifest = await deps.backUp(config, path, ({ name, bytes, of }) =>
        deps.err(`${name}: ${mebibytes(bytes)} of ${mebibytes(of)} MiB\n`),
      );
      if (options.json === true) {
        deps.out(`${JSON.stringify({ folder: path, ...manifest })}\n`);
        return;
      }
      const { files, deviceTypesDir } = manifest;
      const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
      deps.out(`${path}: ${files.length} files, ${mebibytes(bytes)} MiB, checked\n`);
      deps.out(`not in it: the configuration, and the device types of ${deviceTypesDir}\n`);
    });
}

export function addRestore(program: Command, deps: CliDeps): void {
  program
    .command('restore')
    .description('make the data folder from a backup; it must be empty, and no hub starts')
    .argument('<folder>', 'what backup has made')
    .option('--json', 'one JSON object')
    .addHelpText(
      'after',
      '\nNothing is sent again: commands that were open become uncertain, and the devices are asked about them. What was\n' +
        'changed after the backup is not known: revoke again what was revoked, and remove again what was removed.',
    )
    .action(async (folder: string, _options: unknown, command: Command) => {
      const options = command.optsWithGlobals<Options>();
      const { config } = loadConfig(options, deps);
      const { dataDir } = config;
      const restored = await deps.restore(config, resolve(deps.cwd, folder));
      if (options.json === true) {
        deps.out(`${JSON.stringify({ dataDir, ...restored })}\n`);
        return;
      }
      const { madeAt, version, commands, groupCommands } = restored;
      deps.out(`${dataDir}: the state of ${madeAt}, made by device-hub ${version}\n`);
      deps.out(
        `open commands, now uncertain: ${commands}; running group commands, now stopped: ${groupCommands}\n`,
      );
    });
}

function mebibytes(bytes: number): string {
  return (bytes / mebibyte).toFixed(1);
}
