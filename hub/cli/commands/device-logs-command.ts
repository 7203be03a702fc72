/** `device logs`: what a device says in its log, from the running hub's store. */

import type { Command } from 'commander';
import type { LogLine } from '../../../schemas/api/telemetry/readings.ts';
import { lastQueryTimeMs } from '../../../schemas/api/values.ts';
import { isoTime } from '../../../schemas/iso-time.ts';
import { terminalText } from '../../../schemas/terminal-text.ts';
import { parseTimeMs, parseWhole } from '../arguments.ts';
import { ask, type ListOptions } from '../ask-hub.ts';
import type { CliDeps } from '../cli-deps.ts';

const newestLines = 50;
const mostLines = 10_000;
/** How often `--follow` asks for more. */
const followEveryMs = 1_000;

interface LogsOptions extends ListOptions {
  last: number;
  from?: number;
  to?: number;
  follow?: true;
}

export function addLogs(device: Command, deps: CliDeps): void {
  device
    .command('logs')
    .description("lines of a device's log, oldest first; only of device types with `logs`")
    .argument('<id>')
    .option('--last <n>', 'the newest n', parseWhole(1, mostLines), newestLines)
    .option('--from <time>', 'from this time on: 2026-01-31, or 2026-01-31T12:00:00Z', parseTimeMs)
    .option('--to <time>', 'up to this time, exclusive', parseTimeMs)
    .option('--follow', 'go on with the lines that come, until it is stopped')
    .option('--json', 'one JSON object a line: timeMs, level, msg, tag')
    .action(async (id: string, _options: unknown, command: Command) => {
      const options = command.optsWithGlobals<LogsOptions>();
      const { last, from = 0, to = lastQueryTimeMs, follow, json } = options;
      const linesOf = async (query: {
        fromMs: number;
        limit: number;
        take: 'first' | 'last';
      }): Promise<readonly LogLine[]> => {
        const answer = await ask(options, deps, 'GET /api/v1/devices/{id}/logs', {
          params: { id },
          query: { toMs: to, ...query },
        });
        return answer.lines;
      };
      const show = (lines: readonly LogLine[]): void =>
        deps.out(
          lines.map((line) => (json === true ? `${JSON.stringify(line)}\n` : `${textOf(line)}\n`)).join(''),
        );
      const lines = await linesOf({ fromMs: from, limit: last, take: 'last' });
      show(lines);
      if (follow !== true) return;
      for (let newestMs = lines.at(-1)?.timeMs ?? from; ;) {
        await new Promise<void>((resolve) => {
          deps.clock.after(followEveryMs, resolve);
        });
        const coming = await linesOf({ fromMs: Math.floor(newestMs), limit: mostLines, take: 'first' });
        const news = coming.filter(({ timeMs }) => timeMs > newestMs);
        show(news);
        newestMs = news.at(-1)?.timeMs ?? newestMs;
      }
    });
}

function textOf({ timeMs, level, tag, msg }: LogLine): string {
  const part = tag === undefined ? '' : `${terminalText(tag)}: `;
  return `${isoTime(timeMs)} ${level.padEnd(7)} ${part}${terminalText(msg)}`;
}
