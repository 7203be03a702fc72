import { fileURLToPath } from 'node:url';
import { InvalidArgumentError, Option, type Command } from 'commander';
import type { StreamType } from '../../schemas/index.ts';
import {
  addConnectOptions,
  exitCodes,
  parsePositive,
  readCa,
  UsageFault,
  type CliContext,
  type ConnectOptions,
} from './cli-context.ts';
import { createDeviceClient, type DeviceClient } from '../client/client.ts';
import { addIdentityOptions, readIdentity, type IdentityOptions } from './cli-identity.ts';
import { systemClock } from '../clock.ts';
import { loadTypes } from '../device/played-type.ts';
import { openRecording } from '../replay/recording.ts';
import { planText, progressText, summaryText } from '../replay/replay-report.ts';
import { Replay, replayOutboxCapacity, type ReplaySummary } from '../replay/replay.ts';
import { startStatusLine, type StatusLine } from './status-line.ts';
import { conversionList, conversionOf, type Conversion } from '../device/units.ts';
import { Zone } from '../replay/zone.ts';

interface ReplayOptions extends ConnectOptions, IdentityOptions {
  type: string;
  stream?: string;
  column: Map<string, string>;
  unit: Map<string, Conversion>;
  timeColumn?: string;
  zone: Zone;
  delimiter: string;
  schemas: string;
  giveUp: number;
  lenient?: true;
  json?: true;
}

const shippedTypes = fileURLToPath(new URL('../../schemas/device-types', import.meta.url));

const help = `
The times of the file are kept; every reading goes out as backfill, so its age does not matter. Playing a file
twice stores it once: the same device, stream and time is the same point.

A local time without a zone is read in --zone. Where the clocks went back an hour is there twice: the order of
the file tells the two apart. A time the clocks went forward over never was: its row is skipped and named.

Units (--unit FIELD=FROM:TO):
${conversionList()
  .map((line) => `  ${line}`)
  .join('\n')}

Exit codes: 0 every row is stored · 1 rows or cells were refused or skipped (0 with --lenient) ·
2 wrong arguments, unreadable file, or a hub that is away or does not take this device · 130 interrupted

Example:
  replay office.csv --url wss://localhost:8443/v1/device --ca var/tls/ca.crt --id d-1 --secret … \\
    --column value=temperature --unit temperature=degF:Cel --zone America/New_York`;

/** `replay FILE.csv`: a recording, played as a device. */
export function addReplay(program: Command, context: CliContext): void {
  const command = program
    .command('replay')
    .description('plays a CSV recording as a device and waits until all of it is stored');
  addIdentityOptions(addConnectOptions(command))
    .argument('<file>', 'CSV with a header line')
    .option('--type <type>', 'device type', 'env-sensor@1')
    .option('--stream <name>', 'stream of the type (default: the only one it has)')
    .addOption(
      new Option('--column <column=field>', 'a column and the field it becomes; repeatable')
        .argParser(addColumn)
        .default(new Map(), 'by name'),
    )
    .addOption(
      new Option('--unit <field=from:to>', 'converts a field; repeatable')
        .argParser(addUnit)
        .default(new Map(), 'as it is'),
    )
    .option(
      '--time-column <column>',
      'the times (default: timestamp, time, datetime, date, ts, else the first)',
    )
    .addOption(
      new Option('--zone <iana>', 'of local times, such as Europe/Berlin')
        .argParser(parseZone)
        .default(new Zone('UTC'), 'UTC'),
    )
    .option('--delimiter <character>', 'between cells', ',')
    .addOption(new Option('--schemas <folder>', 'device types').default(shippedTypes, 'the shipped ones'))
    .option('--give-up <seconds>', 'without a connection', parsePositive, 60)
    .option('--lenient', 'exit code 0 also when rows were refused or skipped')
    .option('--json', 'the summary as JSON on stdout; everything else goes to stderr')
    .addHelpText('after', help)
    .action(async (file: string, options: ReplayOptions) => {
      await runReplay(file, options, context);
    });
}

async function runReplay(file: string, options: ReplayOptions, context: CliContext): Promise<void> {
  const { stdout, stderr, stopped } = context;
  const stream = await streamOf(options);
  const { zone, delimiter, timeColumn, column, unit } = options;
  const request = { file, zone, delimiter, columns: column, conversions: unit };
  const recording = await openRecording(
    timeColumn === undefined ? request : { ...request, timeColumn },
    stream,
  );
  const client = createDeviceClient({
    url: options.url,
    ...readIdentity(options),
    deviceType: options.type,
    outboxCapacity: replayOutboxCapacity,
    ...readCa(options.ca),
  });
  stderr.write(planText(recording, stream.name, zone.name));
  const replay = new Replay(recording, client, stream.name);
  const beganMs = performance.now();
  const text = (): string => progressText(replay, (performance.now() - beganMs) / 1000);
  const status = startStatusLine(stderr, text, { clock: systemClock, plainEveryMs: 2000 });
  const faults = watchConnection(client, status, options.giveUp);
  client.connect();
  const summary = await replay.run(AbortSignal.any([stopped, faults.signal]));
  faults.close();
  if (client.online) await client.bye();
  await client.close();
  status.close();
  stdout.write(options.json === true ? `${JSON.stringify(summary)}\n` : summaryText(summary));
  if (faults.signal.aborted) stderr.write(`${String(faults.signal.reason)}\n`);
  context.exit(exitCode(summary, stopped.aborted, faults.signal.aborted, options.lenient === true));
}

function exitCode(summary: ReplaySummary, interrupted: boolean, failed: boolean, lenient: boolean): number {
  if (failed) return exitCodes.cannot;
  if (interrupted) return exitCodes.interrupted;
  const { refused, skipped, cellsLeftOut } = summary;
  return lenient || refused + skipped + cellsLeftOut === 0 ? exitCodes.ok : exitCodes.incomplete;
}

/** A device tries for ever; a person at a terminal wants to know. Aborts with a text when it is hopeless. */
function watchConnection(client: DeviceClient, status: StatusLine, giveUpSec: number) {
  const controller = new AbortController();
  const giveUp = (): void => controller.abort(`no connection for ${giveUpSec} s: given up`);
  let timer: NodeJS.Timeout | undefined = setTimeout(giveUp, giveUpSec * 1000);
  client.on('welcome', () => {
    clearTimeout(timer);
    timer = undefined;
  });
  client.on('trouble', (what) => controller.abort(what));
  client.on('close', (ending, retry) => {
    if (retry === undefined || retry.trouble !== undefined || controller.signal.aborted) return;
    timer ??= setTimeout(giveUp, giveUpSec * 1000);
    const why = ending.kind === 'failed' ? ending.message : JSON.stringify(ending);
    const hint = /certificate|issuer/i.test(why) ? " (give the hub's CA with --ca)" : '';
    status.say(`no connection: ${why}${hint}; next try in ${(retry.waitMs / 1000).toFixed(1)} s`);
  });
  return { signal: controller.signal, close: () => clearTimeout(timer) };
}

async function streamOf({ type, stream, schemas }: ReplayOptions): Promise<StreamType> {
  const types = await loadTypes(schemas);
  const deviceType = types.find(({ id }) => id === type);
  if (deviceType === undefined) {
    const known = types.map(({ id }) => id);
    throw new UsageFault(`no device type ${type} in ${schemas}; there are ${known.join(', ')}`);
  }
  const names = [...deviceType.streams.keys()];
  const name = stream ?? (names.length === 1 ? names[0] : undefined);
  const found = name === undefined ? undefined : deviceType.streams.get(name);
  if (found === undefined) throw new UsageFault(`--stream is one of ${names.join(', ')} for ${type}`);
  return found;
}

function addColumn(text: string, columns: Map<string, string>): Map<string, string> {
  const at = text.lastIndexOf('=');
  if (at < 1 || at === text.length - 1) throw new InvalidArgumentError('like value=temperature');
  return new Map(columns).set(text.slice(0, at), text.slice(at + 1));
}

function addUnit(text: string, units: Map<string, Conversion>): Map<string, Conversion> {
  const at = text.indexOf('=');
  const conversion = conversionOf(text.slice(at + 1));
  if (at < 1 || conversion === undefined) {
    throw new InvalidArgumentError(`like temperature=degF:Cel; known:\n${conversionList().join('\n')}`);
  }
  return new Map(units).set(text.slice(0, at), conversion);
}

function parseZone(text: string): Zone {
  try {
    return new Zone(text);
  } catch {
    throw new InvalidArgumentError('an IANA name such as Europe/Berlin');
  }
}
