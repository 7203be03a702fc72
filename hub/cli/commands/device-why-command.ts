/** `device why`: only the running hub knows the events of a device. */

import type { Command } from 'commander';
import type { DeviceEvent } from '../../../schemas/api/presence.ts';
import { isoTime } from '../../../schemas/iso-time.ts';
import { ask, type ListOptions } from '../ask-hub.ts';
import type { CliDeps } from '../cli-deps.ts';
import { table } from '../table.ts';

export function addWhy(device: Command, deps: CliDeps): void {
  device
    .command('why')
    .description('why a device is not online: the cause, and the events that led to it')
    .argument('<id>')
    .option('--json', 'one JSON object')
    .action(async (id: string, _options: unknown, command: Command) => {
      const options = command.optsWithGlobals<ListOptions>();
      const why = await ask(options, deps, 'GET /api/v1/devices/{id}/why', { params: { id } });
      if (options.json === true) {
        deps.out(`${JSON.stringify(why)}\n`);
        return;
      }
      const { state, reason, sinceMs, marks } = why.presence;
      const cause = why.cause === 'none' ? '' : `: ${why.cause}`;
      deps.out(`${id} is ${state} (${reason}) since ${isoTime(sinceMs)}${cause}\n${why.text}\n\n`);
      const received = [
        ['last frame', marks.frameMs],
        ['last reading', marks.dataMs],
        ['last pong', marks.pongMs],
      ] as const;
      deps.out(
        table(
          ['RECEIVED', 'AT'],
          received.map(([name, atMs]) => [name, atMs === undefined ? '-' : isoTime(atMs)]),
        ),
      );
      if (why.events.length > 0) deps.out(`\n${table(['AT', 'EVENT', 'TIMES'], why.events.map(eventRow))}`);
      for (const { atMs, stalledMs } of why.stalls) {
        deps.out(`the hub itself was blocked for ${Math.round(stalledMs)} ms until ${isoTime(atMs)}\n`);
      }
    });
}

function eventRow({ atMs, lastMs, times = 1, kind, ...details }: DeviceEvent): string[] {
  const words = Object.entries(details).map(([name, value]) => `${name} ${String(value)}`);
  const until = lastMs === undefined ? '' : `until ${isoTime(lastMs)}`;
  return [isoTime(atMs), [kind, ...words, until].join(' ').trim(), String(times)];
}
