/** `device why | push` and `incident list`: only the running hub can answer them. */

import { InvalidArgumentError, type Command } from 'commander';
import type { Incident } from '../../../schemas/api/incidents.ts';
import type { DeviceEvent } from '../../../schemas/api/presence.ts';
import { messageOf } from '../../kernel/errors.ts';
import { adminClient } from '../admin-client.ts';
import { parseTimeMs } from '../arguments.ts';
import type { CliDeps } from '../cli-deps.ts';
import { adminSocketPath, loadConfig, type ConfigOptions } from '../config-source.ts';
import { isoTime } from '../../../schemas/iso-time.ts';
import { parseJson } from '../json-value.ts';
import { table } from '../table.ts';

type JsonOptions = ConfigOptions & { json?: true };

export function addWhy(device: Command, deps: CliDeps): void {
  device
    .command('why')
    .description('why a device is not online: the cause, and the events that led to it')
    .argument('<id>')
    .option('--json', 'one JSON object')
    .action(async (id: string, _options: unknown, command: Command) => {
      const options = command.optsWithGlobals<JsonOptions>();
      const why = await hubOf(options, deps).why(id);
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

interface PushOptions extends JsonOptions {
  to: string;
  topic: string;
  data: unknown;
  at?: number;
}

export function addPush(device: Command, deps: CliDeps): void {
  device
    .command('push')
    .description('send a notice to the selected devices, now or at a set time')
    .requiredOption('--to <selector>', 'all, a device id, or conditions (AND) such as type=env-sensor,site=a')
    .requiredOption('--topic <topic>', 'topic of the notice, 1 to 128 characters')
    .requiredOption('--data <json>', 'any JSON value', parseNotice)
    .option('--at <time>', 'when to send it, e.g. 2030-01-01T06:00:00Z (default: now)', parseTimeMs)
    .option('--json', 'one JSON object')
    .action(async (_options: unknown, command: Command) => {
      const options = command.optsWithGlobals<PushOptions>();
      const { to, topic, data, at } = options;
      const notice = await hubOf(options, deps).pushNotice({
        to,
        topic,
        data,
        ...(at === undefined ? {} : { atMs: at }),
      });
      const { report, id } = notice;
      if (options.json === true) deps.out(`${JSON.stringify(notice)}\n`);
      else if (report === undefined) deps.out(`notice ${id} is scheduled for ${isoTime(at ?? 0)}\n`);
      else {
        const { matched, sent, dropped, offline, tooLarge } = report;
        deps.out(
          `${matched} devices: sent to ${sent}, dropped (congested) ${dropped}, offline ${offline}, too large for ${tooLarge}\n`,
        );
      }
    });
}

export function addIncident(program: Command, deps: CliDeps): void {
  program
    .command('incident')
    .description('open problems: correlated losses, flapping, duplicate IDs')
    .command('list')
    .description('newest first')
    .option('--json', 'one JSON object per line')
    .action(async (_options: unknown, command: Command) => {
      const options = command.optsWithGlobals<JsonOptions>();
      const incidents = await hubOf(options, deps).incidents();
      if (options.json === true)
        deps.out(incidents.map((incident) => `${JSON.stringify(incident)}\n`).join(''));
      else
        deps.out(
          table(['INCIDENT', 'KIND', 'STATE', 'SINCE', 'DEVICES', 'WHERE'], incidents.map(incidentRow)),
        );
    });
}

function hubOf(options: ConfigOptions, deps: CliDeps): ReturnType<typeof adminClient> {
  return adminClient(adminSocketPath(loadConfig(options, deps).config));
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

function eventRow({ atMs, lastMs, times = 1, kind, ...details }: DeviceEvent): string[] {
  const words = Object.entries(details).map(([name, value]) => `${name} ${String(value)}`);
  const until = lastMs === undefined ? '' : `until ${isoTime(lastMs)}`;
  return [isoTime(atMs), [kind, ...words, until].join(' ').trim(), String(times)];
}

function parseNotice(text: string): unknown {
  try {
    return parseJson(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw new InvalidArgumentError(messageOf(error));
    throw new InvalidArgumentError('It must be JSON, for example {"text":"hello"} or "hello".');
  }
}
