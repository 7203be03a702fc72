/** `clock show | accept`: whether the running hub believes the clock of its machine. */

import type { Command } from 'commander';
import type { CliDeps } from '../../cli-deps.ts';
import type { ConfigOptions } from '../../config-source.ts';
import { ask } from '../../ask-hub.ts';
import { isoTime } from '../../../../schemas/iso-time.ts';

export function addClock(program: Command, deps: CliDeps): void {
  const clock = program.command('clock').description("the clock of the hub's machine");

  clock
    .command('show')
    .description('what it says, and whether the hub believes it')
    .action(async (_options: unknown, command: Command) => {
      const { nowMs, clock: part } = await ask(
        command.optsWithGlobals<ConfigOptions>(),
        deps,
        'GET /api/v1/hub',
        {},
      );
      deps.out(`${isoTime(nowMs)} ${part.reason ?? 'believed'}\n`);
    });

  clock
    .command('accept')
    .description('say that it is right, when the hub doubts it; a time before this release is never believed')
    .action(async (_options: unknown, command: Command) => {
      const options = command.optsWithGlobals<ConfigOptions>();
      const { nowMs, fault } = await ask(options, deps, 'POST /api/v1/hub/clock/accept', {});
      deps.out(`${isoTime(nowMs)} ${fault ?? 'accepted'}\n`);
    });
}
