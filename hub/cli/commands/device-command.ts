/** `device add | list | show | remove`: on the running hub, or on its files when none runs. */

import { Argument, InvalidArgumentError, Option, type Command } from 'commander';
import { namePattern } from '../../../schemas/limits.ts';
import {
  countedBy,
  type ClockQuality,
  type DeviceDetails,
  type LatestSession,
} from '../../../schemas/api/devices.ts';
import { allDevices } from '../all-devices.ts';
import { jsonLines, type ListOptions } from '../ask-hub.ts';
import type { CliDeps } from '../cli-deps.ts';
import type { ConfigOptions } from '../config-source.ts';
import { addDeviceIdentity } from './device-identity-commands.ts';
import { parseId, parseLabel, parseSite, parseType } from '../arguments.ts';
import { exitCodes } from '../exit-codes.ts';
import { withOperations } from '../operations.ts';
import { addPush } from './device-push-command.ts';
import { addEvents, addLogs } from './device-logs-command.ts';
import { addTap } from './device-tap-command.ts';
import { addWhy } from './device-why-command.ts';
import { isoTime } from '../../../schemas/iso-time.ts';
import { labelsText, table } from '../table.ts';

const maxCount = 10_000;

interface AddOptions extends ConfigOptions {
  type: string;
  site: string;
  count?: number;
  prefix?: string;
  label: Readonly<Record<string, string>>;
  json?: true;
}

export function addDevice(program: Command, deps: CliDeps): void {
  const device = program.command('device').description('register, list, show and remove devices');
  addAdd(device, deps);
  addListAndShow(device, deps);
  addLabel(device, deps);
  addRemove(device, deps);
  addDeviceIdentity(device, deps);
  addWhy(device, deps);
  addLogs(device, deps);
  addEvents(device, deps);
  addTap(device, deps);
  addPush(device, deps);
}

function addAdd(device: Command, deps: CliDeps): void {
  device
    .command('add')
    .description('register one device or many, and print their secrets, which are shown only once')
    .addArgument(new Argument('[id]', 'device id: 1 to 64 letters, digits, _ and -').argParser(parseId))
    .requiredOption('--type <type>', 'device type with version, e.g. env-sensor@1', parseType)
    .option(
      '--site <site>',
      'the site tag of every point of the device; cannot be changed',
      parseSite,
      'default',
    )
    .option('--count <n>', 'register <prefix>1 to <prefix>n: all of them or none', parseCount)
    .option('--prefix <prefix>', 'the start of every id, with --count')
    .option('--label <key=value>', 'a label of each device; repeatable', parseLabel, {})
    .option('--json', 'one {"id","secret"} per line')
    .action(async (id: string | undefined, _options: unknown, command: Command) => {
      const options = command.optsWithGlobals<AddOptions>();
      const ids = idsOf(id, options, command);
      const { type, site, label } = options;
      // A hub of an earlier release knows no labels here.
      const labels = Object.keys(label).length === 0 ? {} : { labels: label };
      const added = await withOperations(
        options,
        deps,
        (operations) => operations.addDevices({ ids, type, site, ...labels }),
        { create: true },
      );
      if (options.json === true) {
        deps.out(
          added
            .map((credential) => `${JSON.stringify({ id: credential.id, secret: credential.secret })}\n`)
            .join(''),
        );
        return;
      }
      deps.out(
        table(
          ['DEVICE', 'SECRET'],
          added.map((credential) => [credential.id, credential.secret]),
        ),
      );
      deps.err('secrets are shown only once; the hub stores only their hashes\n');
    });
}

function addListAndShow(device: Command, deps: CliDeps): void {
  device
    .command('counts')
    .description('how many devices are in each state')
    .addOption(new Option('--by <what>', 'what they have in common').choices(countedBy).default('site'))
    .option('--json', 'one JSON object per line')
    .action(async (_options: unknown, command: Command) => {
      const options = command.optsWithGlobals<ListOptions & { by: (typeof countedBy)[number] }>();
      const groups = await withOperations(options, deps, (operations) => operations.countDevices(options.by));
      const rows = groups.map(({ value, devices, byState }) => [
        value === '' ? '-' : value,
        String(devices),
        Object.entries(byState)
          .map(([state, count]) => `${count} ${state}`)
          .join(', '),
      ]);
      const head = [options.by.toUpperCase(), 'DEVICES', 'STATES'];
      deps.out(options.json === true ? jsonLines(groups) : table(head, rows));
    });
  device
    .command('list')
    .description('all devices, by id')
    .option('--json', 'one JSON object per line')
    .action(async (_options: unknown, command: Command) => {
      const options = command.optsWithGlobals<ConfigOptions & { json?: true }>();
      const devices = await withOperations(options, deps, allDevices);
      if (options.json === true) {
        deps.out(devices.map((summary) => `${JSON.stringify(summary)}\n`).join(''));
        return;
      }
      const rows = devices.map(({ id, type, site, presence, sinceMs, firmware = '-', firmwareHeardMs }) => [
        id,
        type,
        site,
        presence,
        since(sinceMs),
        firmwareHeardMs === undefined ? firmware : `${firmware} (last known)`,
      ]);
      deps.out(table(['DEVICE', 'TYPE', 'SITE', 'PRESENCE', 'SINCE', 'FIRMWARE'], rows));
    });

  device
    .command('show')
    .description('one device')
    .addArgument(new Argument('<id>').argParser(parseId))
    .option('--json', 'one JSON object')
    .action(async (id: string, _options: unknown, command: Command) => {
      const options = command.optsWithGlobals<ConfigOptions & { json?: true }>();
      const details = await withOperations(options, deps, (operations) => operations.showDevice(id));
      if (options.json === true) {
        deps.out(`${JSON.stringify(details)}\n`);
        return;
      }
      deps.out(table(['', ''], detailRows(details)).trimStart());
    });
}

function detailRows(details: DeviceDetails): [string, string][] {
  const { sinceMs, registeredMs, labels, clock, session, ...others } = details;
  const { lastPongMs, lastFrameMs, lastDataMs, firmware, firmwareHeardMs, twin, ...rest } = others;
  const rows = Object.entries({
    ...rest,
    labels: labelsText(labels),
    ...(session === undefined ? {} : { session: sessionText(session) }),
    ...(firmware === undefined ? {} : { firmware: `${firmware}${lastKnown(firmwareHeardMs)}` }),
    ...(clock === undefined ? {} : { clock: clockText(clock) }),
    ...(twin === undefined ? {} : { settings: twin.state }),
    since: since(sinceMs),
    'last pong': since(lastPongMs),
    'last frame': since(lastFrameMs),
    'last data': since(lastDataMs),
    registered: isoTime(registeredMs),
  });
  return rows.map(([name, value]) => [name, String(value)]);
}

function sessionText({ open, deviceType, address, openedMs, heardMs, heartbeatSec }: LatestSession): string {
  const facts = `${deviceType} from ${address} since ${isoTime(openedMs)}, heartbeat ${heartbeatSec} s`;
  return `${facts}${lastKnown(open ? undefined : heardMs)}`;
}

/** @param heardMs undefined: it is current */
function lastKnown(heardMs: number | undefined): string {
  return heardMs === undefined ? '' : ` (last known, ${isoTime(heardMs)})`;
}

function addLabel(device: Command, deps: CliDeps): void {
  device
    .command('label')
    .description('set labels (key=value) and remove them (key-), for use in selectors')
    .addArgument(new Argument('<id>').argParser(parseId))
    .argument('<labels...>')
    .action(async (id: string, labels: string[], _options: unknown, command: Command) => {
      const usage = (fault: string): never => command.error(`error: ${fault}`, { exitCode: exitCodes.usage });
      const set = new Map<string, string>();
      const remove = new Set<string>();
      for (const label of labels) {
        const equals = label.indexOf('=');
        const key = equals > 0 ? label.slice(0, equals) : label.slice(0, -1);
        if (equals === 0 || (equals < 0 && !label.endsWith('-')))
          usage(`argument 'labels': '${label}' is neither key=value nor key-`);
        if (set.has(key) || remove.has(key)) usage(`argument 'labels': ${key} is given twice`);
        if (equals > 0) set.set(key, label.slice(equals + 1));
        else remove.add(key);
      }
      const labelled = await withOperations(command.optsWithGlobals<ConfigOptions>(), deps, (operations) =>
        operations.labelDevice(id, { set: Object.fromEntries(set), remove: [...remove] }),
      );
      deps.out(`${id}: ${labelsText(labelled.labels)}\n`);
    });
}

function addRemove(device: Command, deps: CliDeps): void {
  device
    .command('remove')
    .description('remove a device: end its session and commands, delete its credentials')
    .addArgument(new Argument('<id>').argParser(parseId))
    .action(async (id: string, _options: unknown, command: Command) => {
      await withOperations(command.optsWithGlobals<ConfigOptions>(), deps, (operations) =>
        operations.removeDevice(id),
      );
      deps.out(`${id} is removed; its readings stay in the metrics store\n`);
    });
}

function idsOf(id: string | undefined, { count, prefix }: AddOptions, command: Command): string[] {
  const usage = (message: string): never => command.error(`error: ${message}`, { exitCode: exitCodes.usage });
  if (count === undefined) {
    if (prefix !== undefined) return usage('--prefix needs --count');
    return id === undefined ? usage('give a device id, or --count and --prefix') : [id];
  }
  if (id !== undefined) return usage('give either a device id or --count, not both');
  if (prefix === undefined) return usage('--count needs --prefix');
  const longest = `${prefix}${count}`;
  if (!namePattern.test(longest))
    return usage(`--prefix: ${longest} is not a device id: use 1 to 64 letters, digits, _ and -`);
  return Array.from({ length: count }, (_, index) => `${prefix}${index + 1}`);
}

function clockText({ quality, offsetMs, driftMs, measuredMs }: ClockQuality): string {
  const offset = offsetMs === undefined ? '' : `, ${Math.round(offsetMs)} ms off`;
  const measured = measuredMs === undefined ? '' : ` (measured ${isoTime(measuredMs)})`;
  return `${quality}${offset}, drift ${Math.round(driftMs)} ms${measured}`;
}

function since(sinceMs: number | null): string {
  return sinceMs === null ? '-' : isoTime(sinceMs);
}

function parseCount(text: string): number {
  const count = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (count < 1 || count > maxCount)
    throw new InvalidArgumentError(`It must be a whole number from 1 to ${maxCount}.`);
  return count;
}
