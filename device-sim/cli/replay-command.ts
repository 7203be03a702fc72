import { InvalidArgumentError, Option, type Command } from 'commander';
import { terminalText } from '../../schemas/terminal-text.ts';
import type { StreamType } from '../../schemas/index.ts';
import {
  addConnectOptions,
  exitCodes,
  parsePositive,
  readCa,
  UsageFault,
  type CliContext,
  type ConnectOptions,
} from './sim-context.ts';
import { makeDevice, type Device } from '../../sdk/typescript/src/node.ts';
import { addIdentityOptions, readIdentity, type IdentityOptions } from './device-identity.ts';
import { systemClock } from '../../schemas/time/clock.ts';
import { simulatedMemory } from '../device/simulated-memory.ts';
import { loadTypes, shippedTypes } from '../device/played-type.ts';
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

const help = `
Readings keep the times of the file and are sent as backfill, so their age does not matter. Replaying a file
twice stores it once, because the same device, stream and time is the same point.

Local times without a zone are interpreted in --zone. When clocks go back, one hour occurs twice: the order of
the rows distinguishes the two. When clocks go forward, one hour does not exist: its rows are skipped and listed.

Units (--unit FIELD=FROM:TO):
${conversionList()
  .map((line) => `  ${line}`)
  .join('\n')}

Exit codes: 0 every row is stored · 1 rows or cells were rejected or skipped (0 with --lenient) ·
2 wrong arguments, unreadable file, or a hub that is unreachable or rejects this device · 130 interrupted

Example:
  replay office.csv --url wss://localhost:8443/v1/device --ca var/tls/ca.crt --id d-1 --secret … \\
    --column value=temperature --unit temperature=degF:Cel --zone America/New_York`;

/** `replay FILE.csv`: replays a recording as a device. */
export function addReplay(program: Command, context: CliContext): void {
  const command = program
    .command('replay')
    .description('replay a CSV recording as a device, and wait until all of it is stored');
  addIdentityOptions(addConnectOptions(command))
    .argument('<file>', 'CSV with a header line')
    .option('--type <type>', 'device type', 'env-sensor@1')
    .option('--stream <name>', 'stream of the type (default: its only stream)')
    .addOption(
      new Option('--column <column=field>', 'send a column as a field; repeatable')
        .argParser(addColumn)
        .default(new Map(), 'by name'),
    )
    .addOption(
      new Option('--unit <field=from:to>', 'convert a field; repeatable')
        .argParser(addUnit)
        .default(new Map(), 'unconverted'),
    )
    .option(
      '--time-column <column>',
      'column of the times (default: timestamp, time, datetime, date or ts, else the first)',
    )
    .addOption(
      new Option('--zone <iana>', 'time zone of local times, e.g. Europe/Berlin')
        .argParser(parseZone)
        .default(new Zone('UTC'), 'UTC'),
    )
    .option('--delimiter <character>', 'delimiter between cells', ',')
    .addOption(
      new Option('--schemas <folder>', 'folder of the device types').default(
        shippedTypes,
        'the shipped types',
      ),
    )
    .option('--give-up <seconds>', 'give up after this time without a connection', parsePositive, 60)
    .option('--lenient', 'exit code 0 even when rows were rejected or skipped')
    .option('--json', 'print the summary as JSON on stdout; everything else goes to stderr')
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
  const identity = readIdentity(options);
  const client = makeDevice({
    url: options.url,
    id: identity.id,
    secret: identity.secret,
    type: options.type,
    memory: simulatedMemory(identity),
    remembersCommands: false,
    capacity: replayOutboxCapacity,
    ...readCa(options.ca),
  });
  stderr.write(terminalText(planText(recording, stream.name, zone.name)));
  const replay = new Replay(recording, client, stream.name);
  const beganMs = performance.now();
  const text = (): string => progressText(replay, (performance.now() - beganMs) / 1000);
  const status = startStatusLine(stderr, text, { clock: systemClock, plainEveryMs: 2000 });
  const faults = watchConnection(client, status, options.giveUp);
  client.wake();
  const summary = await replay.run(AbortSignal.any([stopped, faults.signal]));
  faults.close();
  if (client.isOpen) await client.bye({ patienceMs: 0 });
  await client.close();
  status.close();
  stdout.write(terminalText(options.json === true ? `${JSON.stringify(summary)}\n` : summaryText(summary)));
  if (faults.signal.aborted) stderr.write(terminalText(`${String(faults.signal.reason)}\n`));
  context.exit(exitCode(summary, stopped.aborted, faults.signal.aborted, options.lenient === true));
}

function exitCode(summary: ReplaySummary, interrupted: boolean, failed: boolean, lenient: boolean): number {
  if (failed) return exitCodes.cannot;
  if (interrupted) return exitCodes.interrupted;
  const { refused, skipped, cellsLeftOut } = summary;
  return lenient || refused + skipped + cellsLeftOut === 0 ? exitCodes.ok : exitCodes.incomplete;
}

/** A device tries forever, but a person at a terminal wants to know. Aborts with a text when further attempts are useless. */
function watchConnection(client: Device, status: StatusLine, giveUpSec: number) {
  const controller = new AbortController();
  const giveUp = (): void => controller.abort(`gave up after ${giveUpSec} s without a connection`);
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
    status.say(`no connection: ${why}; next attempt in ${(retry.waitMs / 1000).toFixed(1)} s`);
  });
  return { signal: controller.signal, close: () => clearTimeout(timer) };
}

async function streamOf({ type, stream, schemas }: ReplayOptions): Promise<StreamType> {
  const types = await loadTypes(schemas);
  const deviceType = types.find(({ id }) => id === type);
  if (deviceType === undefined) {
    const known = types.map(({ id }) => id);
    throw new UsageFault(`there is no device type ${type} in ${schemas}; known types: ${known.join(', ')}`);
  }
  const names = [...deviceType.streams.keys()];
  const name = stream ?? (names.length === 1 ? names[0] : undefined);
  const found = name === undefined ? undefined : deviceType.streams.get(name);
  if (found === undefined) throw new UsageFault(`--stream must be one of ${names.join(', ')} for ${type}`);
  return found;
}

function addColumn(text: string, columns: Map<string, string>): Map<string, string> {
  const at = text.lastIndexOf('=');
  if (at < 1 || at === text.length - 1)
    throw new InvalidArgumentError('It must be column=field, for example value=temperature.');
  return new Map(columns).set(text.slice(0, at), text.slice(at + 1));
}

function addUnit(text: string, units: Map<string, Conversion>): Map<string, Conversion> {
  const at = text.indexOf('=');
  const conversion = conversionOf(text.slice(at + 1));
  if (at < 1 || conversion === undefined) {
    throw new InvalidArgumentError(
      `It must be field=from:to, for example temperature=degF:Cel. Known conversions:\n${conversionList().join('\n')}`,
    );
  }
  return new Map(units).set(text.slice(0, at), conversion);
}

function parseZone(text: string): Zone {
  try {
    return new Zone(text);
  } catch {
    throw new InvalidArgumentError('It must be an IANA name, for example Europe/Berlin.');
  }
}
