/** `cluster status`: the hubs that are one, and what each does. */

import type { Command } from 'commander';
import type { CliDeps } from '../../cli-deps.ts';
import type { ConfigOptions } from '../../config-source.ts';
import { ask } from '../../ask-hub.ts';
import { table } from '../../table.ts';

interface StatusOptions extends ConfigOptions {
  json?: true;
}

export function addCluster(program: Command, deps: CliDeps): void {
  program
    .command('cluster')
    .description('several hubs on one PostgreSQL, which are one')
    .command('status')
    .description('who is there, how many devices each has, and which hub does what is done once')
    .option('--json', 'one JSON object')
    .action(async (_options: unknown, command: Command) => {
      const options = command.optsWithGlobals<StatusOptions>();
      const status = await ask(options, deps, 'GET /api/v1/cluster', {});
      if (options.json === true) {
        deps.out(`${JSON.stringify(status)}\n`);
        return;
      }
      if (!status.shared) {
        deps.out('this hub is alone: its state is in its data folder (HUB_STATE_URL is not set)\n');
        return;
      }
      deps.out(
        table(
          ['HUB', 'START', 'STATE', 'DEVICES', 'DOES', 'VERSION'],
          status.hubs.map(({ id, start, state, devices, leases, version, here }) => [
            here === true ? `${id} (here)` : id,
            String(start),
            state,
            String(devices),
            leases.join(', '),
            version,
          ]),
        ),
      );
    });
}
