/** What a device sent over time, one line each: the newest, or of a range, and with `--follow` what comes. */

import type { Command } from 'commander';
import { lastQueryTimeMs } from '../../schemas/api/values.ts';
import { checkTimeRange, parseWhole, withTimeRange, type TimeRange } from './arguments.ts';
import type { ListOptions } from './ask-hub.ts';
import type { CliDeps } from './cli-deps.ts';

const newestLines = 50;
const mostLines = 10_000;
/** How often `--follow` asks for more. */
const followEveryMs = 1_000;

interface LinesOptions extends ListOptions, TimeRange {
  last: number;
  follow?: true;
}

interface LinesQuery {
  fromMs: number;
  toMs: number;
  limit: number;
  take: 'first' | 'last';
}

interface LinesInTime<Line> {
  /** @returns the lines of this range, oldest first */
  load: (options: LinesOptions, id: string, query: LinesQuery) => Promise<readonly Line[]>;
  /** For people, without a line feed. */
  textOf: (line: Line) => string;
}

/** Gives a command its argument and its options. @param jsonWords the properties of a line */
export function linesInTime<Line extends { timeMs: number }>(
  made: Command,
  deps: CliDeps,
  jsonWords: string,
  { load, textOf }: LinesInTime<Line>,
): void {
  made.argument('<id>').option('--last <n>', 'the newest n', parseWhole(1, mostLines), newestLines);
  withTimeRange(made)
    .option('--follow', 'go on with the lines that come, until it is stopped')
    .option('--json', `one JSON object a line: ${jsonWords}`)
    .action(async (id: string, _options: unknown, command: Command) => {
      const options = command.optsWithGlobals<LinesOptions>();
      const { last, from = 0, to: toMs = lastQueryTimeMs, follow, json } = options;
      checkTimeRange(options, command);
      const show = (lines: readonly Line[]): void =>
        deps.out(lines.map((line) => `${json === true ? JSON.stringify(line) : textOf(line)}\n`).join(''));
      const lines = await load(options, id, { fromMs: from, toMs, limit: last, take: 'last' });
      show(lines);
      if (follow !== true) return;
      for (let newestMs = lines.at(-1)?.timeMs ?? from; ;) {
        await new Promise<void>((resolve) => {
          deps.clock.after(followEveryMs, resolve);
        });
        const range = { fromMs: Math.floor(newestMs), toMs };
        const coming = await load(options, id, { ...range, limit: mostLines, take: 'first' });
        const news = coming.filter(({ timeMs }) => timeMs > newestMs);
        show(news);
        newestMs = news.at(-1)?.timeMs ?? newestMs;
      }
    });
}
