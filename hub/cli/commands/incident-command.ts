/** `incident list`: only the running hub keeps incidents. */

import type { Command } from 'commander';
import type { Incident } from '../../../schemas/api/incidents.ts';
import { isoTime } from '../../../schemas/iso-time.ts';
import { ask, jsonLines, type ListOptions } from '../ask-hub.ts';
import type { CliDeps } from '../cli-deps.ts';
import { table } from '../table.ts';

export function addIncident(program: Command, deps: CliDeps): void {
  program
    .command('incident')
    .description('open problems: correlated losses, flapping, duplicate IDs')
    .command('list')
    .description('newest first')
    .option('--json', 'one JSON object per line')
    .action(async (_options: unknown, command: Command) => {
      const options = command.optsWithGlobals<ListOptions>();
      const { incidents } = await ask(options, deps, 'GET /api/v1/incidents', {});
      if (options.json === true) deps.out(jsonLines(incidents));
      else
        deps.out(
          table(['INCIDENT', 'KIND', 'STATE', 'SINCE', 'DEVICES', 'WHERE'], incidents.map(incidentRow)),
        );
    });
}

function incidentRow({ id, kind, state, sinceMs, devices, of, scope, subject, sample }: Incident): string[] {
  const where = scope === undefined ? (subject ?? sample.join(' ')) : `${scope.by}=${scope.value}`;
  return [
    id,
    kind,
    state,
    isoTime(sinceMs),
    of === undefined ? String(devices) : `${devices} of ${of}`,
    where,
  ];
}
