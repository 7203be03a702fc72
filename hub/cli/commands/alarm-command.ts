/** `alarm list | ack | silence`: in the running hub. */

import { Option, type Command } from 'commander';
import {
  alarmKinds,
  alarmSeverities,
  alarmStates,
  maxAcknowledged,
  type Acknowledged,
  type AlarmKey,
  type AlarmQuery,
  type AlarmView,
  type Silence,
} from '../../../schemas/api/alarms.ts';
import { isoTime } from '../../../schemas/iso-time.ts';
import { parseTimeMs } from '../arguments.ts';
import { ask, jsonLines, type ListOptions } from '../ask-hub.ts';
import type { CliDeps } from '../cli-deps.ts';
import type { ConfigOptions } from '../config-source.ts';
import { exitCodes } from '../exit-codes.ts';
import { parseDuration } from '../params.ts';
import { table } from '../table.ts';

type Filter = Pick<AlarmQuery, 'severity' | 'kind' | 'device' | 'to'>;

interface AckOptions extends ConfigOptions, Filter {
  all?: true;
  note?: string;
}

interface SilenceOptions extends ConfigOptions {
  to: string;
  for?: number;
  from?: number;
  until?: number;
  reason: string;
}

/** As the device of the hub's own alarms. */
const ofHub = 'hub';

export function addAlarm(program: Command, deps: CliDeps): void {
  const alarm = program.command('alarm').description('what is wrong, and who deals with it');
  addList(alarm, deps);
  addAcknowledge(alarm, deps);
  addSilence(alarm.command('silence').description('times in which alarms are not published'), deps);
}

function addList(alarm: Command, deps: CliDeps): void {
  withFilter(alarm.command('list').description('alarms that are not closed, the one raised last first'))
    .addOption(
      new Option('--state <state>', 'only those in this state')
        .choices(['open', ...alarmStates])
        .default('open'),
    )
    .option('--json', 'one JSON object per line')
    .action(async (_options: unknown, self: Command) => {
      const options = self.optsWithGlobals<ListOptions & Filter & Pick<AlarmQuery, 'state'>>();
      const alarms = await readAll(options, deps, { ...filterOf(options), state: options.state });
      if (options.json === true) deps.out(jsonLines(alarms));
      else
        deps.out(
          table(
            ['DEVICE', 'SOURCE', 'SEVERITY', 'STATE', 'SINCE', 'COUNT', 'WHAT', 'BY'],
            alarms.map(alarmRow),
          ),
        );
    });
}

function addAcknowledge(alarm: Command, deps: CliDeps): void {
  withFilter(
    alarm
      .command('ack')
      .description('acknowledge one alarm of a device, or all that match')
      .argument('[device]', `its id; ${ofHub}: the hub itself`)
      .argument('[source]', 'such as limit.env.temperature.high'),
  )
    .option('--all', 'all that match the filter')
    .option('--note <text>', 'for the others: what is done about it')
    .action(
      async (device: string | undefined, source: string | undefined, _options: unknown, self: Command) => {
        const options = self.optsWithGlobals<AckOptions>();
        const isOne = device !== undefined && source !== undefined;
        if (isOne === (options.all === true)) {
          self.error('error: give a device and a source, or --all', { exitCode: exitCodes.usage });
        }
        const keys = isOne
          ? [{ device: device === ofHub ? null : device, source }]
          : [
              ...(await readAll(options, deps, { ...filterOf(options), state: 'raised' })),
              ...(await readAll(options, deps, { ...filterOf(options), state: 'cleared' })),
            ].map((view): AlarmKey => ({ device: view.device, source: view.source, count: view.count }));
        const done = await acknowledge(options, deps, keys);
        deps.out(`${done.acknowledged} acknowledged\n`);
        if (done.raisedAgain > 0) deps.err(`${done.raisedAgain} raised again in the meantime\n`);
        if (isOne && done.already > 0) deps.err('acknowledged before\n');
        if (isOne && done.unknown > 0) deps.err(`no alarm ${source} of ${device}\n`);
      },
    );
}

function addSilence(silence: Command, deps: CliDeps): void {
  silence
    .command('add')
    .description('alarms of these devices are listed and not published')
    .requiredOption('--to <selector>', 'all, a device id, or conditions (AND)')
    .option('--for <time>', 'so long, e.g. 2h', parseDuration)
    .option('--from <time>', 'from then on (default: now)', parseTimeMs)
    .option('--until <time>', 'instead of --for, e.g. 2026-01-31T12:00:00Z', parseTimeMs)
    .requiredOption('--reason <text>', 'why')
    .action(async (_options: unknown, self: Command) => {
      const options = self.optsWithGlobals<SilenceOptions>();
      const { to, reason, from, until } = options;
      const begins = from ?? deps.clock.now();
      const untilMs = options.for === undefined ? until : begins + options.for;
      if (untilMs === undefined || (options.for !== undefined && until !== undefined))
        return self.error('error: give --for or --until', { exitCode: exitCodes.usage });
      const body = { to, reason, untilMs, ...(from === undefined ? {} : { fromMs: from }) };
      const { id } = await ask(options, deps, 'POST /api/v1/silences', { body });
      deps.out(`${id}: until ${isoTime(untilMs)}\n`);
    });
  silence
    .command('list')
    .description('silences that have not ended')
    .option('--json', 'one JSON object per line')
    .action(async (_options: unknown, self: Command) => {
      const options = self.optsWithGlobals<ListOptions>();
      const { silences } = await ask(options, deps, 'GET /api/v1/silences', {});
      if (options.json === true) deps.out(jsonLines(silences));
      else deps.out(table(['SILENCE', 'TO', 'FROM', 'UNTIL', 'BY', 'REASON'], silences.map(silenceRow)));
    });
  silence
    .command('remove')
    .description('end a silence')
    .argument('<id>')
    .action(async (id: string, _options: unknown, self: Command) => {
      const options = self.optsWithGlobals<ConfigOptions>();
      await ask(options, deps, 'DELETE /api/v1/silences/{id}', { params: { id } });
      deps.out(`${id} removed\n`);
    });
}

function withFilter(command: Command): Command {
  return command
    .addOption(new Option('--severity <severity>', 'only of this one').choices([...alarmSeverities]))
    .addOption(new Option('--kind <kind>', 'only of this kind').choices([...alarmKinds]))
    .option('--device <id>', 'only of this device')
    .option('--to <selector>', 'only of these devices');
}

function filterOf({ severity, kind, device, to }: Filter): Filter {
  return {
    ...(severity === undefined ? {} : { severity }),
    ...(kind === undefined ? {} : { kind }),
    ...(device === undefined ? {} : { device }),
    ...(to === undefined ? {} : { to }),
  };
}

/** Every page. */
async function readAll(
  options: ConfigOptions,
  deps: CliDeps,
  query: Filter & Pick<AlarmQuery, 'state'>,
): Promise<AlarmView[]> {
  const all: AlarmView[] = [];
  for (let before: number | null = Number.MAX_SAFE_INTEGER; before !== null;) {
    const page: { alarms: readonly AlarmView[]; next: number | null } = await ask(
      options,
      deps,
      'GET /api/v1/alarms',
      { query: { ...query, before, limit: 1_000 } },
    );
    all.push(...page.alarms);
    before = page.next;
  }
  return all;
}

async function acknowledge(
  options: AckOptions,
  deps: CliDeps,
  keys: readonly AlarmKey[],
): Promise<Acknowledged> {
  const sum = { acknowledged: 0, already: 0, raisedAgain: 0, unknown: 0 };
  const { note } = options;
  for (let at = 0; at < keys.length; at += maxAcknowledged) {
    const body = { alarms: keys.slice(at, at + maxAcknowledged), ...(note === undefined ? {} : { note }) };
    const done = await ask(options, deps, 'POST /api/v1/alarms/acknowledge', { body });
    sum.acknowledged += done.acknowledged;
    sum.already += done.already;
    sum.raisedAgain += done.raisedAgain;
    sum.unknown += done.unknown;
  }
  return sum;
}

function alarmRow(alarm: AlarmView): string[] {
  const { device, source, severity, state, lastMs, count, text, acknowledged, silenced } = alarm;
  return [
    device ?? ofHub,
    source,
    severity,
    silenced ? `${state} (silenced)` : state,
    isoTime(lastMs),
    String(count),
    text,
    acknowledged?.actor ?? '',
  ];
}

function silenceRow({ id, to, fromMs, untilMs, actor, reason }: Silence): string[] {
  return [id, to, isoTime(fromMs), isoTime(untilMs), actor, reason];
}
