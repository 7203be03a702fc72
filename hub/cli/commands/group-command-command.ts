/** `group set | list | remove`: stored selectors, in the running hub. */

import type { Command } from 'commander';
import type { Group } from '../../../schemas/api/group-commands.ts';
import { callHub, member } from '../admin-client.ts';
import type { CliDeps } from '../cli-deps.ts';
import { adminSocketPath, loadConfig, type ConfigOptions } from '../config-source.ts';
import { table } from '../table.ts';

export function addGroup(program: Command, deps: CliDeps): void {
  const group = program.command('group').description('store selectors under names, for group commands');
  const ask = (options: ConfigOptions, method: string, path: string, body?: unknown): Promise<unknown> =>
    callHub(adminSocketPath(loadConfig(options, deps).config), method, path, body);

  group
    .command('set')
    .description('store a selector under a name')
    .argument('<name>')
    .argument('<selector>', 'all, a device id, or conditions (AND) such as type=env-sensor,site=a,floor=2')
    .action(async (name: string, selector: string, _options: unknown, command: Command) => {
      await ask(command.optsWithGlobals<ConfigOptions>(), 'PUT', pathOf(name), { selector });
      deps.out(`${name} is ${selector}\n`);
    });

  group
    .command('list')
    .description('all groups')
    .option('--json', 'one JSON object per line')
    .action(async (_options: unknown, command: Command) => {
      const options = command.optsWithGlobals<ConfigOptions & { json?: true }>();
      const groups = await member<Group[]>(ask(options, 'GET', '/api/v1/groups'), 'groups');
      if (options.json === true) deps.out(groups.map((each) => `${JSON.stringify(each)}\n`).join(''));
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
      await ask(command.optsWithGlobals<ConfigOptions>(), 'DELETE', pathOf(name));
      deps.out(`${name} is removed\n`);
    });
}

function pathOf(name: string): string {
  return `/api/v1/groups/${encodeURIComponent(name)}`;
}
