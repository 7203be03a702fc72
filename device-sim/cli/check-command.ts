import { writeFileSync } from 'node:fs';
import { InvalidArgumentError, type Command } from 'commander';
import { terminalText } from '../../schemas/terminal-text.ts';
import { allChecks } from '../check/all-checks.ts';
import { failureText, outcomeLine, reportJson, reportJunit, summary } from '../check/check-report.ts';
import { DeviceInHand, DeviceProcess } from '../check/checked-device.ts';
import { runChecks, type CheckOptions } from '../check/run-checks.ts';
import { findType, schemasHelp, shippedTypes } from '../device/played-type.ts';
import { exitCodes, parseCount, UsageFault, type CliContext } from './sim-context.ts';

interface CheckCommandOptions {
  type: string;
  schemas?: string;
  listen: { host: string; port: number };
  host?: string;
  id: string;
  secret: string;
  command?: string;
  only?: string[];
  except?: string[];
  concurrency: number;
  tls?: true;
  json?: true;
  junit?: string;
  list?: true;
}

/** `check`: plays the hub for a device, and reports what the device does wrong. */
export function addCheck(program: Command, context: CliContext): void {
  program
    .command('check')
    .description('play the hub for a device, and report what the device does wrong')
    .argument(
      '[command...]',
      'after --, the command that starts the device; {url}, {id}, {secret}, {type}, {state} and {ca} are replaced in it. None: a board that you switch on and off',
    )
    .option('--type <type>', 'the device type, such as env-sensor@1', 'env-sensor@1')
    .option('--schemas <folder>', schemasHelp)
    .option('--listen <address>', 'where the played hub listens; port 0 takes a free one', parseAddress, {
      host: '127.0.0.1',
      port: 0,
    })
    .option('--host <name>', 'the name or address by which the device reaches this machine')
    .option('--id <id>', 'device id', 'checked-device')
    .option('--secret <secret>', 'its secret', 'secret-of-the-check')
    .option('--command <name>', 'the command that the checks send (default: the safest one of the type)')
    .option('--only <names...>', 'run only these checks or groups, such as data or close/4409')
    .option('--except <names...>', 'run all but these checks or groups')
    .option(
      '--concurrency <n>',
      'how many checks run at a time, each with a device of its own',
      parseCount,
      8,
    )
    .option('--tls', 'use TLS, with the CA file in HUB_CA; {ca} in the command does the same')
    .option('--json', 'print one JSON object, with the frames of each failure')
    .option('--junit <file>', 'also write JUnit XML')
    .option('--list', 'list the checks and exit')
    .action(async (command: string[], options: CheckCommandOptions) => {
      await runCheckCommand(command, options, context);
    });
}

async function runCheckCommand(
  command: readonly string[],
  options: CheckCommandOptions,
  { stdout, stderr, stopped, exit, env, readLine }: CliContext,
): Promise<void> {
  const say = (text: string): void => {
    stdout.write(terminalText(`${text}\n`));
  };
  const checks = chosen(options);
  if (options.list === true) {
    for (const { id, title } of checks) say(`${id.padEnd(26)} ${title}`);
    return exit(exitCodes.ok);
  }
  const type = await findType(options.type, options.schemas ?? shippedTypes);
  const inHand = command.length === 0;
  if (inHand && options.listen.port === 0)
    throw new UsageFault(
      'a board needs a fixed address: give --listen HOST:PORT, and --host NAME if the board reaches it by another name',
    );
  const { listen, host, id, secret, json } = options;
  const instruct = (text: string): void => {
    stderr.write(terminalText(`  ${text}\n`));
  };
  const run: CheckOptions = {
    type,
    checks,
    listen,
    host,
    id,
    secret,
    command: options.command,
    stopped,
    tls: options.tls === true || command.some((part) => part.includes('{ca}')),
    // One board is one device.
    concurrency: inHand ? 1 : options.concurrency,
    device: (identity) =>
      inHand ? new DeviceInHand(instruct, readLine) : new DeviceProcess(command, identity, env),
    ended: (outcome) => {
      if (json !== true) say(outcomeLine(outcome));
    },
  };
  if (inHand) {
    run.began = (check, identity) =>
      instruct(`${check.id}: ${identity.url}, id ${id}, secret ${secret}, type ${type.id}`);
  }
  const outcomes = await runChecks(run);
  if (options.junit !== undefined) writeFileSync(options.junit, reportJunit(outcomes, type));
  if (json === true) say(reportJson(outcomes, type));
  else say(`${failureText(outcomes)}\n${summary(outcomes, type)}`);
  if (stopped.aborted) return exit(exitCodes.interrupted);
  const failed = outcomes.some(({ verdict }) => verdict === 'failed');
  return exit(failed ? exitCodes.incomplete : exitCodes.ok);
}

/** @throws UsageFault for a name that no check and no group has */
function chosen({ only, except = [] }: CheckCommandOptions): typeof allChecks {
  for (const name of [...(only ?? []), ...except]) {
    if (!allChecks.some(({ id }) => isIn([name], id)))
      throw new UsageFault(`there is no check or group ${name}; --list prints them`);
  }
  return allChecks.filter(({ id }) => (only === undefined || isIn(only, id)) && !isIn(except, id));
}

function isIn(names: readonly string[], id: string): boolean {
  return names.some((name) => id === name || id.startsWith(`${name}/`));
}

function parseAddress(text: string): { host: string; port: number } {
  const [, host = '', port = ''] = /^(.+):(\d{1,5})$/.exec(text) ?? [];
  if (host === '' || Number(port) > 65_535) throw new InvalidArgumentError('It must be HOST:PORT.');
  return { host: host.replace(/^\[|\]$/g, ''), port: Number(port) };
}
