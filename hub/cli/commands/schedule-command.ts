/** `schedule add | list | pause | resume | remove | next`: in the running hub. */

import { Option, type Command } from 'commander';
import type { ScheduledAction, ScheduleView } from '../../../schemas/api/commands/schedules.ts';
import { parseWhole, parseTimeMs } from '../arguments.ts';
import type { CliDeps } from '../cli-deps.ts';
import type { ConfigOptions } from '../config-source.ts';
import { exitCodes } from '../exit-codes.ts';
import { joinParams, parseDuration, parseObject, parseParam } from '../params.ts';
import { ask, jsonLines } from '../ask-hub.ts';
import { isoTime } from '../../../schemas/iso-time.ts';
import { table } from '../table.ts';

interface AddOptions extends ConfigOptions {
  cron?: string;
  at?: number;
  timeZone: string;
  to: string;
  command?: string;
  param?: Record<string, unknown>;
  params?: Record<string, unknown>;
  ttl?: number;
  wave?: number;
  maxFailures?: number;
  notice?: string;
  data?: Record<string, unknown>;
  catchUp: 'skip' | 'once';
  jitter?: number;
}

export function addSchedule(program: Command, deps: CliDeps): void {
  const schedule = program.command('schedule').description('commands and notices at set times');
  addAdd(schedule, deps);
  addListAndNext(schedule, deps);
  addChanges(schedule, deps);
}

function addAdd(schedule: Command, deps: CliDeps): void {
  schedule
    .command('add')
    .description('schedule a command or a notice, once or recurring')
    .argument('<name>')
    .option(
      '--cron <expression>',
      'five fields, or six with the seconds first; of two restricted kinds of day either is enough',
    )
    .option('--at <time>', 'once, e.g. 2026-01-31T12:00:00Z', parseTimeMs)
    .requiredOption('--time-zone <zone>', 'IANA name, e.g. Europe/Berlin or UTC')
    .requiredOption('--to <selector>', 'all, a device id, or conditions (AND); evaluated each time')
    .option('--command <name>', 'send this command')
    .option('--param <key=value>', 'one parameter; values are parsed as JSON if possible', parseParam)
    .option('--params <json>', 'all parameters as a JSON object', parseObject)
    .option('--ttl <time>', 'expire after this time unless started, e.g. 30s', parseDuration)
    .option('--wave <n>', 'devices in one wave (default: all)', parseWhole(1, 100_000))
    .option(
      '--max-failures <n>',
      'stop after more failures than this (default: never)',
      parseWhole(0, 100_000),
    )
    .option('--notice <topic>', 'or push a notice to the devices that are connected at that time')
    .option('--data <json>', 'data of the notice, a JSON object', parseObject)
    .addOption(
      new Option(
        '--catch-up <policy>',
        'times missed while the hub was not running: skip them, or run once for the last of them',
      )
        .choices(['skip', 'once'])
        .default('skip'),
    )
    .option('--jitter <time>', 'spread the devices over this time', parseDuration)
    .action(async (name: string, _options: unknown, self: Command) => {
      const options = self.optsWithGlobals<AddOptions>();
      const usage = (message: string): never =>
        self.error(`error: ${message}`, { exitCode: exitCodes.usage });
      const { cron, at, timeZone, to, catchUp, jitter } = options;
      if ((cron === undefined) === (at === undefined)) usage('give --cron or --at');
      if ((options.command === undefined) === (options.notice === undefined))
        usage('give --command or --notice');
      const body = {
        name,
        timeZone,
        to,
        catchUp,
        action: actionOf(options),
        ...(cron === undefined ? {} : { cron }),
        ...(at === undefined ? {} : { atMs: at }),
        ...(jitter === undefined ? {} : { jitterMs: jitter }),
      };
      const added = await ask(options, deps, 'POST /api/v1/schedules', { body });
      deps.out(`${name}: next time ${added.nextMs === undefined ? 'never' : isoTime(added.nextMs)}\n`);
      if (added.devices === 0) deps.err(`note: no device matches ${to} now\n`);
    });
}

function actionOf({
  command,
  param,
  params,
  ttl,
  wave,
  maxFailures,
  notice,
  data,
}: AddOptions): ScheduledAction {
  if (command === undefined) return { kind: 'notice', topic: notice ?? '', data: data ?? {} };
  return {
    kind: 'command',
    name: command,
    params: joinParams(params, param),
    ...(ttl === undefined ? {} : { ttlMs: ttl }),
    ...(wave === undefined ? {} : { wave }),
    ...(maxFailures === undefined ? {} : { maxFailures }),
  };
}

function addListAndNext(schedule: Command, deps: CliDeps): void {
  schedule
    .command('list')
    .description('all schedules')
    .option('--json', 'one JSON object per line')
    .action(async (_options: unknown, self: Command) => {
      const options = self.optsWithGlobals<ConfigOptions & { json?: true }>();
      const { schedules } = await ask(options, deps, 'GET /api/v1/schedules', {});
      if (options.json === true) deps.out(jsonLines(schedules));
      else
        deps.out(
          table(['SCHEDULE', 'WHEN', 'ZONE', 'TO', 'WHAT', 'LAST', 'OUTCOME', 'NEXT'], schedules.map(row)),
        );
    });

  schedule
    .command('next')
    .description('the next times of a schedule')
    .argument('<name>')
    .option('--count <n>', 'number of times', parseWhole(1, 1_000), 5)
    .action(async (name: string, _options: unknown, self: Command) => {
      const options = self.optsWithGlobals<ConfigOptions & { count: number }>();
      const request = { params: { name }, query: { count: options.count } };
      const { times } = await ask(options, deps, 'GET /api/v1/schedules/{name}/times', request);
      if (times.length === 0) deps.err(`${name} has no further times\n`);
      deps.out(times.map((time) => `${isoTime(time)}\n`).join(''));
    });
}

function addChanges(schedule: Command, deps: CliDeps): void {
  for (const verb of ['pause', 'resume'] as const) {
    schedule
      .command(verb)
      .description(
        verb === 'pause' ? 'skip the times of a schedule until it is resumed' : 'resume a paused schedule',
      )
      .argument('<name>')
      .action(async (name: string, _options: unknown, self: Command) => {
        const options = self.optsWithGlobals<ConfigOptions>();
        const request = { params: { name }, body: { paused: verb === 'pause' } };
        await ask(options, deps, 'PATCH /api/v1/schedules/{name}', request);
        deps.out(`${name} is ${verb}d\n`);
      });
  }
  schedule
    .command('remove')
    .description('delete a schedule')
    .argument('<name>')
    .action(async (name: string, _options: unknown, self: Command) => {
      const options = self.optsWithGlobals<ConfigOptions>();
      await ask(options, deps, 'DELETE /api/v1/schedules/{name}', { params: { name } });
      deps.out(`${name} is removed\n`);
    });
}

function row(schedule: ScheduleView): string[] {
  const { name, cron, atMs, timeZone, to, action, lastMs, lastOutcome, nextMs, paused } = schedule;
  const when = cron ?? (atMs === undefined ? '-' : isoTime(atMs));
  const what = action.kind === 'command' ? action.name : `notice ${action.topic}`;
  const next = nextMs === undefined ? (paused ? 'paused' : '-') : isoTime(nextMs);
  const last = lastMs === undefined ? '-' : isoTime(lastMs);
  const { kind = '-', reason } = lastOutcome ?? {};
  return [name, when, timeZone, to, what, last, reason === undefined ? kind : `${kind}: ${reason}`, next];
}
