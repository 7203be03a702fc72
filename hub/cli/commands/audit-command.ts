/** `audit list`: who did what, through which interface, and the outcome. */

import type { Command } from 'commander';
import type { AuditRecord } from '../../../schemas/api/audit.ts';
import { ask, jsonLines } from '../ask-hub.ts';
import type { CliDeps } from '../cli-deps.ts';
import type { ConfigOptions } from '../config-source.ts';
import { checkTimeRange, parseWhole, withTimeRange, type TimeRange } from '../arguments.ts';
import { isoTime } from '../../../schemas/iso-time.ts';
import { table } from '../table.ts';

const maxEntries = 10_000;
const newestEntries = 100;

interface ListOptions extends ConfigOptions, TimeRange {
  last: number;
  actor?: string;
  action?: string;
  subject?: string;
  json?: true;
}

export function addAudit(program: Command, deps: CliDeps): void {
  const list = program
    .command('audit')
    .description('the record of who did what')
    .command('list')
    .description('the newest entries, oldest first')
    .option('--last <n>', 'number of entries', parseWhole(1, maxEntries), newestEntries);
  withTimeRange(list)
    .option(
      '--actor <actor>',
      'only of this actor, by its name or with its kind, e.g. anna, token:ci, local, device:d-1',
    )
    .option(
      '--action <action>',
      'only this action, or all with this subject or verb, e.g. login, device.disable, credential, label',
    )
    .option('--subject <subject>', 'only about this subject and what belongs to it, e.g. a device id')
    .option('--json', 'one JSON object per line')
    .action(async (_options: unknown, command: Command) => {
      const options = command.optsWithGlobals<ListOptions>();
      checkTimeRange(options, command);
      const { last: limit, from: fromMs, to: toMs, actor, action, subject } = options;
      const query = { limit, fromMs, toMs, actor, action, subject };
      const { entries } = await ask(options, deps, 'GET /api/v1/audit', { query });
      if (options.json === true) deps.out(jsonLines(entries));
      else deps.out(table(['TIME', 'ACTOR', 'ORIGIN', 'ACTION', 'SUBJECT', 'OUTCOME'], entries.map(row)));
    });
}

function row({ timeMs, actor, origin, action, subject, outcome }: AuditRecord): string[] {
  return [isoTime(timeMs), actor, origin, action, subject, outcome];
}
