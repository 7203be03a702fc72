import { cutText } from '../../schemas/cut-text.ts';
import { InvalidArgumentError, type Command } from 'commander';
import { terminalText } from '../../schemas/terminal-text.ts';
import { behaviorNames, isBehavior, type Behavior } from '../device/behaviors.ts';
import {
  addConnectOptions,
  exitCodes,
  parseCount,
  parsePositive,
  readCa,
  readCredentials,
  untilStopped,
  UsageFault,
  type CliContext,
  type ConnectOptions,
} from './sim-context.ts';
import { addIdentityOptions, readIdentity, type IdentityOptions } from './device-identity.ts';
import { systemClock } from '../../schemas/time/clock.ts';
import { isUpdateBehavior, updateBehaviors, type UpdateBehavior } from '../device/simulated-firmware.ts';
import { playedType, schemasHelp, typeHelp } from '../device/played-type.ts';
import { startFleet, type FleetCounters } from '../device/fleet.ts';
import { startStatusLine } from './status-line.ts';

interface FleetCommandOptions extends ConnectOptions {
  count?: number;
  credentials?: string;
  type: string;
  schemas?: string;
  interval?: number;
  seed: string;
  stagger: number;
  duration?: number;
  json?: true;
}

interface DeviceCommandOptions extends ConnectOptions, IdentityOptions {
  type: string;
  schemas?: string;
  interval?: number;
  seed: string;
  duration?: number;
  memory?: string;
  updates: UpdateBehavior;
  behave?: Behavior;
  after: number;
}

/** `fleet`: many simulated devices in this process. */
export function addFleet(program: Command, context: CliContext): void {
  addConnectOptions(program.command('fleet').description('many simulated devices of one type'))
    .option(
      '--credentials <file>',
      'one {"id","secret"} per line, as printed by `device add --json` (default: stdin)',
    )
    .option('--count <n>', 'only the first n devices', parseCount)
    .option('--type <type>', typeHelp, 'env-sensor@1')
    .option('--schemas <folder>', schemasHelp)
    .option(
      '--interval <seconds>',
      'time between the readings of a device (default: depends on the type)',
      parsePositive,
    )
    .option('--seed <text>', 'the same seed gives the same values', '1')
    .option('--stagger <seconds>', 'time over which the devices connect', parsePositive, 2)
    .option('--duration <seconds>', 'stop after this time', parsePositive)
    .option('--json', 'print the counters as JSON, every five seconds and at the end')
    .action(async (options: FleetCommandOptions) => {
      await runFleet(options, context);
    });
}

async function runFleet(options: FleetCommandOptions, context: CliContext): Promise<void> {
  const { url, seed, interval, stagger, duration, json } = options;
  const type = await playedType(options);
  const { stdout, stderr, stopped } = context;
  const credentials = (await readCredentials(options.credentials, context)).slice(0, options.count);
  if (credentials.length < (options.count ?? 1)) {
    throw new UsageFault(
      `${credentials.length} credentials are not enough for --count ${options.count ?? 1}`,
    );
  }
  const troubles = new Set<string>();
  const fleet = startFleet({
    url,
    seed,
    staggerMs: stagger * 1000,
    members: credentials.map(({ id, secret }) => ({ id, secret, type })),
    ...readCa(options.ca),
    intervalSec: interval,
    onClient(client, { id }) {
      const report = (what: string): void => {
        // A fault of a fleet may occur thousands of times: each kind is reported once.
        if (troubles.has(what) || troubles.size >= 20) return;
        troubles.add(what);
        status.say(`${id}: ${what}`);
      };
      client.on('trouble', report);
      client.on('close', (ending) => {
        if (ending.kind === 'failed') report(ending.message);
      });
    },
  });
  const text = (): string =>
    json === true ? JSON.stringify(fleet.counters()) : countersText(fleet.counters());
  const status = startStatusLine(json === true ? stderr : stdout, text, {
    clock: systemClock,
    plainEveryMs: 5000,
  });
  await untilStopped(stopped, duration);
  await fleet.close();
  status.close();
  stdout.write(terminalText(`${text()}\n`));
  context.exit(exitCodes.ok);
}

function countersText({ devices, online, sent, stored, refused, dropped, commands }: FleetCounters): string {
  const lost = dropped === 0 ? '' : ` · dropped ${dropped}`;
  return `online ${online}/${devices} · sent ${sent} · stored ${stored} · rejected ${refused}${lost} · commands ${commands}`;
}

/** `device`: one simulated device that prints its frames. */
export function addDevice(program: Command, context: CliContext): void {
  const device = program.command('device').description('one simulated device that prints its frames');
  addIdentityOptions(addConnectOptions(device))
    .option('--type <type>', typeHelp, 'env-sensor@1')
    .option('--schemas <folder>', schemasHelp)
    .option('--interval <seconds>', 'time between readings (default: depends on the type)', parsePositive)
    .option('--seed <text>', 'the same seed gives the same values', '1')
    .option('--duration <seconds>', 'stop after this time', parsePositive)
    .option('--memory <folder>', 'keep unsettled readings, command ids and results here across reboots')
    .option(
      '--updates <behavior>',
      `what it does with new firmware: ${updateBehaviors.join(', ')}`,
      parseUpdates,
      'good',
    )
    .option('--behave <fault>', `simulate a fault: ${behaviorNames.join(', ')}`, parseBehavior)
    .option('--after <seconds>', 'when the fault begins', parsePositive, 10)
    .action(async (options: DeviceCommandOptions) => {
      await runDevice(options, context);
    });
}

async function runDevice(options: DeviceCommandOptions, context: CliContext): Promise<void> {
  const { url, seed, interval, memory, behave, after, duration } = options;
  const type = await playedType(options);
  const { stdout, stopped } = context;
  const say = (text: string): void =>
    stdout.write(terminalText(`${new Date().toISOString().slice(11, 23)} ${text}\n`));
  const fleet = startFleet({
    url,
    seed,
    staggerMs: 0,
    members: [{ ...readIdentity(options), type, updates: options.updates }],
    memoryFolder: memory,
    ...readCa(options.ca),
    intervalSec: interval,
    onClient(client) {
      client.on('sent', (frame) => say(`→ ${JSON.stringify(frame)}`));
      client.on('received', (frame) => say(`← ${JSON.stringify(frame)}`));
      client.on('ignored', (frame) => say(`← ignored: ${cutText(frame, 200)}`));
      client.on('close', (ending, retry) => {
        const next = retry === undefined ? '' : `; next attempt in ${(retry.waitMs / 1000).toFixed(1)} s`;
        say(`× ${JSON.stringify(ending)}${next}`);
      });
      client.on('trouble', (what) => say(`! ${what}`));
    },
  });
  const cancelFault =
    behave === undefined
      ? undefined
      : systemClock.after(after * 1000, () => {
          say(`! from now on: ${behave}`);
          for (const device of fleet.devices) device.behave(behave);
        });
  await untilStopped(stopped, duration);
  cancelFault?.();
  await fleet.close();
  context.exit(exitCodes.ok);
}

function parseUpdates(text: string): UpdateBehavior {
  if (!isUpdateBehavior(text))
    throw new InvalidArgumentError(`It must be one of ${updateBehaviors.join(', ')}.`);
  return text;
}

function parseBehavior(text: string): Behavior {
  if (!isBehavior(text)) throw new InvalidArgumentError(`It must be one of ${behaviorNames.join(', ')}.`);
  return text;
}
