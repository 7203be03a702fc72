/** `rollout start | list | show | pause | resume | cancel`: in the running hub. */

import { InvalidArgumentError, type Command } from 'commander';
import type {
  RolloutDevice,
  RolloutLook,
  RolloutPreview,
  RolloutSummary,
  RolloutView,
} from '../../../../schemas/api/firmware/rollouts.ts';
import { updateStates, type UpdateState } from '../../../../schemas/firmware/update-states.ts';
import { isoTime } from '../../../../schemas/iso-time.ts';
import { withoutUndefined } from '../../../kernel/without-undefined.ts';
import { parseId, parseWhole } from '../../arguments.ts';
import { ask, jsonLines, type ListOptions } from '../../ask-hub.ts';
import type { CliDeps } from '../../cli-deps.ts';
import { exitCodes, type ExitCode } from '../../exit-codes.ts';
import { table } from '../../table.ts';
import { parseTypeName, parseVersion } from './firmware-command.ts';

interface StartOptions extends ListOptions {
  type: string;
  version: string;
  to?: string;
  group?: string;
  id?: string;
  waves?: string[];
  maxFailures?: number;
  deadline?: number;
  soak?: number;
  window?: { from: string; to: string };
  zone?: string;
  dryRun?: true;
  wait?: true;
}

interface ShowOptions extends ListOptions {
  devices?: true;
  state?: UpdateState;
}

const pollMs = 1_000;
const shownDevices = 20;

export function addRollout(program: Command, deps: CliDeps, done: (code: ExitCode) => void): void {
  const rollout = program.command('rollout').description('bring devices to a firmware, in waves');
  addStart(rollout, deps, done);
  rollout
    .command('list')
    .description('rollouts, newest first')
    .option('--device <id>', 'those that this device is part of, and where its update stands', parseId)
    .option('--limit <n>', 'look at so many (default: 20)', parseWhole(1, 100))
    .option('--json', 'one JSON object per line')
    .action(async (_options: unknown, self: Command) => {
      const options = self.optsWithGlobals<ListOptions & { device?: string; limit?: number }>();
      const query = { limit: options.limit };
      if (options.device !== undefined) return listUpdates(options.device, query, options, deps);
      const { rollouts } = await ask(options, deps, 'GET /api/v1/rollouts', { query });
      const head = [
        'ROLLOUT',
        'TYPE',
        'VERSION',
        'STATUS',
        'WAVE',
        'DEVICES',
        'SUCCEEDED',
        'FAILURES',
        'BEGUN',
        'BY',
      ];
      deps.out(options.json === true ? jsonLines(rollouts) : table(head, rollouts.map(row)));
    });
  rollout
    .command('show')
    .description('how far a rollout is, and whether the updated devices do worse')
    .argument('<id>', '', parseId)
    .option('--devices', 'list its devices too')
    .option('--state <state>', `only devices in this state: ${updateStates.join(', ')}`, parseState)
    .option('--json', 'JSON instead of text')
    .action(async (id: string, _options: unknown, self: Command) => {
      const options = self.optsWithGlobals<ShowOptions>();
      const view = await ask(options, deps, 'GET /api/v1/rollouts/{id}', { params: { id } });
      const devices =
        options.devices === true || options.state !== undefined
          ? await devicesOf(id, options, deps)
          : undefined;
      if (options.json === true)
        deps.out(`${JSON.stringify({ ...view, ...withoutUndefined({ devices }) })}\n`);
      else deps.out(textOf(view) + (devices === undefined ? '' : deviceTable(devices)));
    });
  const changes = [
    ['pause', 'no update begins until it is resumed', 'POST /api/v1/rollouts/{id}/pause'],
    ['resume', 'go on with a paused rollout', 'POST /api/v1/rollouts/{id}/resume'],
    [
      'cancel',
      'no update begins any more; what is being applied goes on',
      'POST /api/v1/rollouts/{id}/cancel',
    ],
  ] as const;
  for (const [name, description, route] of changes) {
    rollout
      .command(name)
      .description(description)
      .argument('<id>', '', parseId)
      .option('--json', 'JSON instead of text')
      .action(async (id: string, _options: unknown, self: Command) => {
        const options = self.optsWithGlobals<ListOptions>();
        const view = await ask(options, deps, route, { params: { id } });
        deps.out(options.json === true ? `${JSON.stringify(view)}\n` : `${progress(view)}\n`);
      });
  }
}

async function listUpdates(
  id: string,
  query: { limit: number | undefined },
  options: ListOptions,
  deps: CliDeps,
): Promise<void> {
  const { updates } = await ask(options, deps, 'GET /api/v1/devices/{id}/updates', { params: { id }, query });
  const rows = updates.map(({ rollout, version, status, wave, state, reason = '', sinceMs }) => [
    rollout,
    version,
    status,
    wave === 0 ? '-' : String(wave),
    state,
    reason,
    isoTime(sinceMs),
  ]);
  const head = ['ROLLOUT', 'VERSION', 'STATUS', 'WAVE', 'STATE', 'REASON', 'SINCE'];
  deps.out(options.json === true ? jsonLines(updates) : table(head, rows));
}

function addStart(rollout: Command, deps: CliDeps, done: (code: ExitCode) => void): void {
  rollout
    .command('start')
    .description('bring these devices to a firmware, wave by wave')
    .requiredOption('--type <type>', 'device type, such as env-sensor', parseTypeName)
    .requiredOption('--version <version>', 'of a firmware that was added', parseVersion)
    .option('--to <selector>', 'all, a device id, or conditions (AND) such as type=env-sensor,site=a')
    .option('--group <group>', 'the name of a stored selector')
    .option('--id <id>', 'your own id: the same request is done once', parseId)
    .option('--waves <waves>', 'devices updated after each wave (default: 1%,5%,15%,50%,100%)', parseWaves)
    .option('--max-failures <n>', 'stop after more failures than this (default: 0)', parseWhole(0, 100_000))
    .option(
      '--deadline <seconds>',
      'for each device until it runs the version (default: 86400)',
      parseWhole(10, 2_592_000),
    )
    .option(
      '--soak <seconds>',
      'how long a device must stay well with it (default: 300)',
      parseWhole(1, 604_800),
    )
    .option('--window <from-to>', 'begin updates in these hours only, such as 22:00-05:00', parseWindow)
    .option('--zone <zone>', 'time zone of the window (default: UTC)')
    .option('--dry-run', 'only list the devices that would be updated')
    .option('--wait', 'wait until it has ended; exit code 1 unless it finished without a failure')
    .option('--json', 'JSON instead of text')
    .action(async (_options: unknown, self: Command) => {
      const options = self.optsWithGlobals<StartOptions>();
      const { to, group, window, zone = 'UTC' } = options;
      if ((to === undefined) === (group === undefined))
        return self.error('error: give --to or --group', { exitCode: exitCodes.usage });
      if (window === undefined && options.zone !== undefined)
        return self.error('error: --zone goes with --window', { exitCode: exitCodes.usage });
      const { type, version, id, waves, maxFailures, deadline: deadlineSec, soak: soakSec, dryRun } = options;
      const body = {
        type,
        version,
        ...withoutUndefined({ to, group, id, waves, maxFailures, deadlineSec, soakSec, dryRun }),
        ...(window === undefined ? {} : { window: { ...window, zone } }),
      };
      // What is sent says which of the two answers comes.
      const answer = await ask(options, deps, 'POST /api/v1/rollouts', { body });
      if (dryRun === true) return showPreview(answer as RolloutPreview, options, deps);
      return follow(answer as RolloutView, options, deps, done);
    });
}

function showPreview(preview: RolloutPreview, { json }: StartOptions, deps: CliDeps): void {
  const { waves, devices } = preview;
  if (json === true) deps.out(`${JSON.stringify(preview)}\n`);
  else deps.out(`${deviceTable(devices)}devices updated after each wave: ${waves.join(', ')}\n`);
}

async function follow(
  begun: RolloutView,
  options: StartOptions,
  deps: CliDeps,
  done: (code: ExitCode) => void,
): Promise<void> {
  let view = begun;
  let shown = '';
  while (options.wait === true && !hasEnded(view)) {
    const line = progress(view);
    if (line !== shown) deps.err(`${line}\n`);
    shown = line;
    await new Promise<void>((resolve) => {
      deps.clock.after(pollMs, resolve);
    });
    view = await ask(options, deps, 'GET /api/v1/rollouts/{id}', { params: { id: view.id } });
  }
  deps.out(options.json === true ? `${JSON.stringify(view)}\n` : textOf(view));
  if (hasEnded(view) && (view.status !== 'finished' || view.failures > 0)) done(exitCodes.fault);
}

function hasEnded({ status }: RolloutView): boolean {
  return status !== 'running' && status !== 'paused';
}

async function devicesOf(id: string, options: ShowOptions, deps: CliDeps): Promise<RolloutDevice[]> {
  const devices: RolloutDevice[] = [];
  for (let after: number | null = 0; after !== null;) {
    const query = { after, limit: 1_000, state: options.state };
    const page: { devices: readonly RolloutDevice[]; next: number | null } = await ask(
      options,
      deps,
      'GET /api/v1/rollouts/{id}/devices',
      { params: { id }, query },
    );
    devices.push(...page.devices);
    after = page.next;
  }
  return devices;
}

function row(view: RolloutSummary): string[] {
  const { id, type, version, status, wave, waves, targets, states, failures, acceptedMs, actor } = view;
  return [
    id,
    type,
    version,
    status,
    `${wave}/${waves.length}`,
    String(targets),
    String(states.succeeded ?? 0),
    String(failures),
    isoTime(acceptedMs),
    actor,
  ];
}

function progress({ id, status, reason, wave, waves, targets, states }: RolloutSummary): string {
  const counts = updateStates.flatMap((state) => {
    const count = states[state] ?? 0;
    return count === 0 ? [] : [`${count} ${state}`];
  });
  const why = reason === undefined ? '' : ` (${reason})`;
  return `${id} ${status}${why}, wave ${wave} of ${waves.length}: ${targets} devices, ${counts.join(', ')}`;
}

function textOf(view: RolloutView): string {
  const { type, version, to, waves, looks } = view;
  const lines = [
    `${type} ${version} to ${to}; devices updated after each wave: ${waves.join(', ')}`,
    progress(view),
    ...looks.flatMap(lookLines),
  ];
  return lines.map((line) => `${line}\n`).join('');
}

function lookLines({
  wave,
  updated,
  updatedTroubled,
  control,
  controlTroubled,
  p,
  level,
  stops,
  devices,
}: RolloutLook): string[] {
  const verdict = stops ? 'the updated devices do worse: stopped' : 'no difference that stops it';
  const head = `after wave ${wave}: troubled ${updatedTroubled} of ${updated} updated, ${controlTroubled} of ${control} not updated; p = ${shortNumber(p)}, stops below ${shortNumber(level)}: ${verdict}`;
  const named = devices.slice(0, shownDevices).map(({ device, kinds }) => `  ${device}: ${kinds.join(', ')}`);
  const more = devices.length - named.length;
  return [head, ...named, ...(more > 0 ? [`  and ${more} more`] : [])];
}

function shortNumber(value: number): string {
  return String(Number(value.toPrecision(3)));
}

function deviceTable(devices: readonly RolloutDevice[]): string {
  const rows = devices.map(({ device, wave, state, reason = '', firmware = '', said = '', error = '' }) => [
    device,
    wave === 0 ? '-' : String(wave),
    state,
    reason,
    firmware,
    said,
    error,
  ]);
  return table(['DEVICE', 'WAVE', 'STATE', 'REASON', 'FIRMWARE', 'SAID', 'ERROR'], rows);
}

function parseWaves(text: string): string[] {
  const waves = text.split(',').map((wave) => wave.trim());
  if (!waves.every((wave) => /^\d{1,9}(\.\d{1,3})?%?$/.test(wave)))
    throw new InvalidArgumentError('It must be counts and shares that rise, for example 1,5%,25%,100%.');
  return waves;
}

function parseWindow(text: string): { from: string; to: string } {
  const [, from, to] = /^((?:[01]\d|2[0-3]):[0-5]\d)-((?:[01]\d|2[0-3]):[0-5]\d)$/.exec(text) ?? [];
  if (from === undefined || to === undefined)
    throw new InvalidArgumentError('It must be two times of the day, for example 22:00-05:00.');
  return { from, to };
}

function parseState(text: string): UpdateState {
  const state = updateStates.find((each) => each === text);
  if (state === undefined) throw new InvalidArgumentError(`It must be one of ${updateStates.join(', ')}.`);
  return state;
}
