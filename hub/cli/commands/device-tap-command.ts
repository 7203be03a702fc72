/** `device tap`: what a device sends and is sent, frame by frame, from the running hub. */

import type { Command } from 'commander';
import type { FrameNack, FrameRow } from '../../../schemas/api/frames/frames.ts';
import { isoTime } from '../../../schemas/iso-time.ts';
import { terminalText } from '../../../schemas/terminal-text.ts';
import { parseDurationMs, parseId, parseWhole } from '../arguments.ts';
import { ask, jsonLines, type ListOptions } from '../ask-hub.ts';
import type { CliDeps } from '../cli-deps.ts';

const kept = 200;
/** How often it asks for more, ms. */
const everyMs = 500;

interface TapOptions extends ListOptions {
  last: number;
  for?: number;
}

export function addTap(device: Command, deps: CliDeps): void {
  device
    .command('tap')
    .description('the last frames of a device, both ways, also after it went offline; then those that come')
    .argument('<id>', 'device id', parseId)
    .option('--last <n>', `begin with the last n of the ${kept} that the hub keeps`, parseWhole(0, kept), 20)
    .option(
      '--for <duration>',
      'end after this time, for example 90s or 5m; 0s: only what is kept',
      parseDurationMs,
    )
    .option('--json', 'one JSON object a line: n, timeMs, way, kind, bytes, type, text, nacks, nack, answers')
    .addHelpText('after', '\nWithout --for it goes on until it is stopped. The audit records who looks.\n')
    .action(async (id: string, _options: unknown, command: Command) => {
      const options = command.optsWithGlobals<TapOptions>();
      const { last, json, for: forMs = Infinity } = options;
      const { clock } = deps;
      const show = (rows: readonly FrameRow[]): void =>
        deps.out(json === true ? jsonLines(rows) : rows.map(textOf).join(''));
      const first = await ask(options, deps, 'GET /api/v1/devices/{id}/frames', { params: { id } });
      show(last === 0 ? [] : first.frames.slice(-last));
      if (first.frames.length === 0) deps.err(`${id} has not connected since the hub started\n`);
      const untilMs = clock.monotonic() + forMs;
      for (let after = first.frames.at(-1)?.n ?? 0; clock.monotonic() < untilMs;) {
        await new Promise<void>((resolve) => {
          clock.after(Math.min(everyMs, untilMs - clock.monotonic()), resolve);
        });
        const query = { after };
        const more = await ask(options, deps, 'GET /api/v1/devices/{id}/frames', { params: { id }, query });
        if (more.missed !== undefined) deps.err(`${more.missed} frames came too fast to be shown\n`);
        show(more.frames);
        after = more.frames.at(-1)?.n ?? after;
      }
    });
}

function textOf(row: FrameRow): string {
  const { timeMs, way, kind, bytes, text, cut, nacks = [] } = row;
  const shown = `${terminalText(text)}${cut === true ? ' …' : ''}`;
  const what = kind === 'frame' ? `${way.padEnd(3)} ${String(bytes).padStart(5)}` : kind;
  return [`${isoTime(timeMs)} ${what} ${shown}\n`, ...nacks.map(nackText)].join('');
}

function nackText({ code, retry, message, samples }: FrameNack): string {
  const some = samples === undefined ? '' : `${samples} samples `;
  const why = message === undefined ? '' : `: ${terminalText(message)}`;
  return `    ${some}refused, ${retry ? 'to be sent again' : 'for good'}: ${code}${why}\n`;
}
