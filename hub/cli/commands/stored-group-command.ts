/** `group set | list | remove`: stored selectors, in the running hub. */

import type { Command } from 'commander';
import type { CliDeps } from '../cli-deps.ts';
import type { ConfigOptions } from '../config-source.ts';
import { ask, jsonLines } from '../ask-hub.ts';
import { table } from '../table.ts';

export function addGroup(program: Command, deps: CliDeps): void {
  const group = program.command('group').description('store selectors under names, for group commands');

  group
    .command('set')
    .description('store a selector under a name')
    .argument('<name>')
    .argument('<selector>', 'all, a device id, or conditions (AND) such as type=env-sensor,site=a,floor=2')
    .action(async (name: string, selector: string, _options: unknown, command: Command) => {
      const options = command.optsWithGlobals<ConfigOptions>();
      await ask(options, deps, 'PUT /api/v1/groups/{name}', { params: { name }, body: { selector } });
      deps.out(`${name} is ${selector}\n`);
    });

  group
    .command('list')
    .description('all groups')
    .option('--json', 'one JSON object per line')
    .action(async (_options: unknown, command: Command) => {
      const options = command.optsWithGlobals<ConfigOptions & { json?: true }>();
      const { groups } = await ask(options, deps, 'GET /api/v1/groups', {});
      if (options.json === true) deps.out(jsonLines(groups));
      else {
        const rows = groups.map(({ name, selector }) => [name, selector]);
        deps.out(table(['GROUP', 'SELECTOR'], rows));
      }
    });

  group
    .command('remove')
    .description('delete a group; its devices stay')
    .argument('<name>')
    .action(async (name: string, _options: unknown, command: Command) => {
      const options = command.optsWithGlobals<ConfigOptions>();
      await ask(options, deps, 'DELETE /api/v1/groups/{name}', { params: { name } });
      deps.out(`${name} is removed\n`);
    });
}
