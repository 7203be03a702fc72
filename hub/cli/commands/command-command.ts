/** `command send | show | list | cancel`: through the running hub. */

import type { Command } from 'commander';
import type { CommandView } from '../../../schemas/api/commands/commands.ts';
import type { GroupCommandView, GroupPreview } from '../../../schemas/api/commands/group-commands.ts';
import { HubError } from '../../kernel/errors.ts';
import { parseWhole } from '../arguments.ts';
import type { CliDeps } from '../cli-deps.ts';
import type { ConfigOptions } from '../config-source.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import { joinParams, parseDuration, parseObject, parseParam } from '../params.ts';
import { ask, jsonLines } from '../ask-hub.ts';
import { isoTime } from '../../../schemas/iso-time.ts';
import { table } from '../table.ts';

const pollSec = 20;
/** How often the progress of a group command is shown. */
const progressSec = 1;

interface SendOptions extends ConfigOptions {
  to?: string;
  group?: string;
  id?: string;
  param?: Record<string, unknown>;
  params?: Record<string, unknown>;
  ttl?: number;
  wait?: true;
  wave?: number;
  maxFailures?: number;
  jitter?: number;
  dryRun?: true;
  json?: true;
}

export function addCommand(program: Command, deps: CliDeps, done: (code: ExitCode) => void): void {
  const command = program.command('command').description('send commands to devices, and see how they ended');
  addSend(command, deps, done);
  addShowAndCancel(command, deps);
  addList(command, deps);
}

function addSend(command: Command, deps: CliDeps, done: (code: ExitCode) => void): void {
  command
    .command('send')
    .description('send a command to one device, or with --to or --group to many devices in waves')
    .usage('[options] <device> <name>  |  [options] --to <selector> <name>')
    .argument('<device-or-name>')
    .argument('[name]')
    .option('--param <key=value>', 'one parameter; values are parsed as JSON if possible', parseParam)
    .option('--params <json>', 'all parameters as a JSON object', parseObject)
    .option('--id <id>', 'your own id for the command; sending it again does not repeat the command')
    .option('--ttl <time>', 'expire after this time unless started, e.g. 30s, 5m, 1h', parseDuration)
    .option('--wait', 'wait until it has ended; exit code 1 unless it succeeded')
    .option('--to <selector>', 'all, a device id, or conditions (AND) such as type=env-sensor,site=a')
    .option('--group <group>', 'the name of a stored selector')
    .option('--wave <n>', 'devices in one wave (default: a tenth of them)', parseWhole(1, 100_000))
    .option('--max-failures <n>', 'stop after more failures than this (default: 0)', parseWhole(0, 100_000))
    .option('--jitter <time>', 'spread the devices over this time', parseDuration)
    .option('--dry-run', 'only list the devices that would get it')
    .option('--json', 'JSON instead of text')
    .action(async (first: string, second: string | undefined, _options: unknown, self: Command) => {
      const options = self.optsWithGlobals<SendOptions>();
      const usage = (message: string): never =>
        self.error(`error: ${message}`, { exitCode: exitCodes.usage });
      const toMany = options.to !== undefined || options.group !== undefined;
      if (options.to !== undefined && options.group !== undefined) usage('give --to or --group, not both');
      if (toMany && second !== undefined) usage('with --to or --group, name only the command');
      if (!toMany && options.dryRun === true) usage('--dry-run needs --to or --group');
      if (toMany) return sendToMany(first, options, deps, done);
      if (second === undefined) return usage('name the device and the command');
      return sendToOne({ device: first, name: second }, options, deps, done);
    });
}

function bodyOf({ id, param, params, ttl }: SendOptions) {
  return {
    params: joinParams(params, param),
    ...(id === undefined ? {} : { id }),
    ...(ttl === undefined ? {} : { ttlMs: ttl }),
  };
}

async function sendToOne(
  { device, name }: { device: string; name: string },
  options: SendOptions,
  deps: CliDeps,
  done: (code: ExitCode) => void,
): Promise<void> {
  const params = { id: device, command: name };
  const route = '/api/v1/devices/{id}/commands/{command}';
  let view: CommandView = await ask(options, deps, `POST ${route}`, { params, body: bodyOf(options) });
  while (options.wait === true && !view.final) {
    const shown = { params: { id: device, command: view.id }, query: { wait: `${pollSec}s` } };
    view = await ask(options, deps, `GET ${route}`, shown);
  }
  deps.out(options.json === true ? `${JSON.stringify(view)}\n` : `${sentence(view)}\n`);
  if (view.final && view.status !== 'succeeded') done(exitCodes.fault);
}

async function sendToMany(
  name: string,
  options: SendOptions,
  deps: CliDeps,
  done: (code: ExitCode) => void,
): Promise<void> {
  const { to, group, wave, maxFailures, jitter, dryRun, json } = options;
  const body = {
    name,
    ...(to === undefined ? {} : { to }),
    ...(group === undefined ? {} : { group }),
    ...(dryRun === true ? { dryRun } : {}),
    command: {
      ...bodyOf(options),
      ...(wave === undefined ? {} : { wave }),
      ...(maxFailures === undefined ? {} : { maxFailures }),
      ...(jitter === undefined ? {} : { jitterMs: jitter }),
    },
  };
  // What is sent says which of the two answers comes.
  const answer = await ask(options, deps, 'POST /api/v1/group-commands', { body });
  if (dryRun === true) {
    const preview = answer as GroupPreview;
    if (json === true) deps.out(`${JSON.stringify(preview)}\n`);
    else
      deps.out(
        `${preview.devices.map((device) => `${device}\n`).join('')}${preview.devices.length} devices\n`,
      );
    if (preview.refusal !== undefined) {
      if (json !== true) deps.err(`it would be refused: ${JSON.stringify(preview.refusal)}\n`);
      done(exitCodes.fault);
    }
    return;
  }
  let view = answer as GroupCommandView;
  let shown = '';
  while (options.wait === true && !view.final) {
    const line = progress(view);
    if (line !== shown) deps.err(`${line}\n`);
    shown = line;
    await new Promise<void>((resolve) => {
      deps.clock.after(progressSec * 1000, resolve);
    });
    view = await ask(options, deps, 'GET /api/v1/group-commands/{id}', { params: { id: view.id } });
  }
  deps.out(json === true ? `${JSON.stringify(view)}\n` : report(view));
  if (view.final && (view.status !== 'finished' || view.failed > 0)) done(exitCodes.fault);
}

function addShowAndCancel(command: Command, deps: CliDeps): void {
  const verbs = [
    {
      verb: 'show',
      ofGroup: 'GET /api/v1/group-commands/{id}',
      ofDevice: 'GET /api/v1/devices/{id}/commands/{command}',
      about: 'one command, or by its id alone a group command',
    },
    {
      verb: 'cancel',
      ofGroup: 'POST /api/v1/group-commands/{id}/cancel',
      ofDevice: 'POST /api/v1/devices/{id}/commands/{command}/cancel',
      about: 'request cancellation; a command that has started may still complete',
    },
  ] as const;
  for (const { verb, ofGroup, ofDevice, about } of verbs) {
    command
      .command(verb)
      .description(about)
      .usage('[options] <device> <id>  |  [options] <group-command-id>')
      .argument('<device-or-id>')
      .argument('[id]')
      .option('--json', 'JSON instead of text')
      .action(async (first: string, id: string | undefined, _options: unknown, self: Command) => {
        const options = self.optsWithGlobals<ConfigOptions & { json?: true }>();
        if (id === undefined) {
          const params = { id: first };
          const view = await ask(options, deps, ofGroup, { params }).catch((error: unknown) => {
            throw withUsage(error, verb);
          });
          deps.out(options.json === true ? jsonLines([view]) : report(view));
          return;
        }
        const view = await ask(options, deps, ofDevice, { params: { id: first, command: id } });
        deps.out(options.json === true ? jsonLines([view]) : `${sentence(view)}\n`);
      });
  }
}

/** Somebody who gives one argument may mean a device. */
function withUsage(error: unknown, verb: string): unknown {
  if (!(error instanceof HubError) || error.code !== 'group-command-unknown') return error;
  const note = `for a command of one device, give the device and the id: command ${verb} <device> <id>`;
  return new HubError('group-command-unknown', note, { cause: error });
}

interface ListOptions extends ConfigOptions {
  device?: string;
  name?: string;
  /** As it was given: the hub judges it. */
  status?: CommandView['status'];
  open?: true;
  last: number;
  before?: number;
  json?: true;
}

function addList(command: Command, deps: CliDeps): void {
  command
    .command('list')
    .description('the newest commands, newest first')
    .option('--device <id>', 'only of this device')
    .option('--name <name>', 'only with this name')
    .option('--status <status>', 'only with this status, e.g. uncertain')
    .option('--open', 'only without a final status')
    .option('--last <n>', 'number of commands', parseWhole(1, 1_000), 50)
    .option(
      '--before <n>',
      'the next page: the number that the previous page ended with',
      parseWhole(0, Number.MAX_SAFE_INTEGER),
    )
    .option('--json', 'one JSON object per line')
    .action(async (_options: unknown, self: Command) => {
      const options = self.optsWithGlobals<ListOptions>();
      const { last: limit, device, name, status, open, before } = options;
      const query = { limit, device, name, status, open, before };
      const { commands, next } = await ask(options, deps, 'GET /api/v1/commands', { query });
      if (options.json === true) deps.out(commands.map((view) => `${JSON.stringify(view)}\n`).join(''));
      else deps.out(table(['ACCEPTED', 'DEVICE', 'ID', 'NAME', 'STATUS', 'REASON'], commands.map(row)));
      if (next !== undefined) deps.err(`more commands: --before ${next}\n`);
    });
}

function row(view: CommandView): string[] {
  const { accepted, device, id, name, status, reason = '' } = view;
  return [isoTime(accepted), device, id, name, status, reason];
}

function sentence({ device, id, name, status, reason, errors, output }: CommandView): string {
  const why = reason === undefined ? '' : ` (${reason})`;
  const more = [errors, output]
    .filter((value) => value !== undefined)
    .map((value) => ` ${JSON.stringify(value)}`);
  return `${device}/${id} ${name}: ${status}${why}${more.join('')}`;
}

function progress(view: GroupCommandView): string {
  const counts = ['targets', 'succeeded', 'failed', 'open', 'waiting', 'skipped'] as const;
  const numbers = counts.map((name) => `${view[name]} ${name}`).join(', ');
  return `${view.id} ${view.status}${view.reason === undefined ? '' : ` (${view.reason})`}: ${numbers}`;
}

function report(view: GroupCommandView): string {
  const rows = view.devices.map(({ device, status, reason = '' }) => [device, status, reason]);
  return `${table(['DEVICE', 'STATUS', 'REASON'], rows)}${progress(view)}\n`;
}
