/** `readings`: stored readings of one stream of a device, through the running hub. */

import { InvalidArgumentError, type Command } from 'commander';
import { HubError } from '../../kernel/errors.ts';
import type { Reading } from '../../../schemas/api/telemetry/readings.ts';
import { lastQueryTimeMs } from '../../../schemas/api/values.ts';
import { checkTimeRange, withTimeRange, type TimeRange } from '../arguments.ts';
import { ask } from '../ask-hub.ts';
import { everyReading } from '../every-reading.ts';
import type { CliDeps } from '../cli-deps.ts';
import { csv } from '../csv.ts';
import type { ConfigOptions } from '../config-source.ts';
import { isoTime } from '../../../schemas/iso-time.ts';
import { table } from '../table.ts';

const maxRows = 100_000;
/** Defaults without --last: the newest few, or the beginning of a range. */
const newestRows = 10;
const rangeRows = 1_000;

interface ReadingsOptions extends ConfigOptions, TimeRange {
  last?: number;
  json?: true;
  csv?: true;
}

export function addReadings(program: Command, deps: CliDeps): void {
  const readings = program
    .command('readings')
    .description('readings of one stream of a device, oldest first')
    .argument('<device>')
    .argument('<stream>')
    .option('--last <n>', `the newest n (default without a range: ${newestRows})`, parseLast);
  withTimeRange(readings)
    .option('--json', 'one JSON object per line: timeMs and fields; of a range all')
    .option('--csv', 'a column for each field; of a range all')
    .action(async (device: string, stream: string, _options: unknown, command: Command) => {
      const options = command.optsWithGlobals<ReadingsOptions>();
      const { last, from, to, json, csv: asCsv } = options;
      checkTimeRange(options, command);
      const ranged = from !== undefined || to !== undefined;
      const all = ranged && last === undefined && (json === true || asCsv === true);
      const query = {
        fromMs: from ?? 0,
        toMs: to ?? lastQueryTimeMs,
        limit: last ?? (all ? maxRows : ranged ? rangeRows : newestRows),
        take: last === undefined && ranged ? ('first' as const) : ('last' as const),
      };
      const params = { id: device, stream };
      const page = async (fromMs: number): Promise<readonly Reading[]> => {
        const given = { params, query: { ...query, fromMs } };
        return (await sayHowToStart(ask(options, deps, 'GET /api/v1/devices/{id}/readings/{stream}', given)))
          .readings;
      };
      const rows = all ? await everyReading(page, query.fromMs, maxRows) : await page(query.fromMs);
      if (json === true) deps.out(rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
      else if (asCsv === true) deps.out(readingsCsv(rows));
      else deps.out(readingsTable(rows));
      if (!all && last === undefined && ranged && rows.length === rangeRows) {
        deps.err(
          `these are the first ${rangeRows} of the range; use --csv or --json for all of it, or --last for the newest\n`,
        );
      }
    });
}

/** Only a running hub can query the metrics store, so the fault says how to start one. */
async function sayHowToStart<Answer>(answer: Promise<Answer>): Promise<Answer> {
  try {
    return await answer;
  } catch (error) {
    if (!(error instanceof HubError) || error.code !== 'hub-not-running') throw error;
    throw new HubError(
      'hub-not-running',
      'readings come from the running hub; start it with `npm start`, or give its folder with --data-dir',
      { cause: error },
    );
  }
}

function fieldsOf(rows: readonly Reading[]): string[] {
  const fields = new Set<string>();
  for (const row of rows) for (const name of Object.keys(row.fields)) fields.add(name);
  return [...fields].toSorted();
}

function readingsTable(rows: readonly Reading[]): string {
  const fields = fieldsOf(rows);
  return table(
    ['TIME', ...fields],
    rows.map((row) => [isoTime(row.timeMs), ...fields.map((field) => String(row.fields[field] ?? '-'))]),
  );
}

function readingsCsv(rows: readonly Reading[]): string {
  const fields = fieldsOf(rows);
  return csv(
    ['time', ...fields],
    rows.map((row) => [isoTime(row.timeMs), ...fields.map((field) => row.fields[field]?.toString())]),
  );
}

function parseLast(text: string): number {
  const count = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (count < 1 || count > maxRows)
    throw new InvalidArgumentError(`It must be a whole number from 1 to ${maxRows}.`);
  return count;
}
