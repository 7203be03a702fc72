/** `device disable | enable | credentials | credential | rotate`: who a device is, in the running hub. */

import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Argument, type Command } from 'commander';
import type { CredentialSummary, NewSecret, Validity } from '../devices/credential-operations.ts';
import type { DeviceSummary } from '../devices/admin-operations.ts';
import { parseId, parseTimeMs } from './arguments.ts';
import type { CliDeps } from './cli-deps.ts';
import type { ConfigOptions } from './config-source.ts';
import { exitCodes } from './exit-codes.ts';
import { ask, jsonLines, type ListOptions } from './security-client.ts';
import { isoTime, table } from './table.ts';

const idArgument = (): Argument => new Argument('<id>').argParser(parseId);

export function addDeviceIdentity(device: Command, deps: CliDeps): void {
  addSwitches(device, deps);
  addCredentials(device, deps);
  addRotate(device, deps);
}

function addSwitches(device: Command, deps: CliDeps): void {
  for (const [verb, description] of [
    ['disable', 'refuse the device and end its session (4403), until it is enabled'],
    ['enable', 'take a disabled device again'],
  ] as const) {
    device
      .command(verb)
      .description(description)
      .addArgument(idArgument())
      .action(async (id: string, _options: unknown, command: Command) => {
        await ask(command.optsWithGlobals<ConfigOptions>(), deps, ['POST', 'devices', id, verb], {});
        deps.out(`${id} is ${verb}d\n`);
      });
  }
}

interface AddOptions extends ListOptions {
  publicKey?: string;
  from?: number;
  until?: number;
}

function addCredentials(device: Command, deps: CliDeps): void {
  const credential = device.command('credential').description('the secrets and keys of a device');
  credential
    .command('list')
    .description('without what proves anything')
    .addArgument(idArgument())
    .option('--json', 'one JSON object a line')
    .action(async (id: string, _options: unknown, command: Command) => {
      const options = command.optsWithGlobals<ListOptions>();
      const path = ['GET', 'devices', id, 'credentials'] as const;
      const { credentials } = await ask<{ credentials: CredentialSummary[] }>(options, deps, path);
      if (options.json === true) deps.out(jsonLines(credentials));
      else deps.out(table(['CREDENTIAL', 'KIND', 'STATE', 'FROM', 'UNTIL'], credentials.map(row)));
    });
  credential
    .command('add')
    .description('a second secret, printed this once, or a public key that signs its tokens')
    .addArgument(idArgument())
    .option('--public-key <file>', 'PEM, ECDSA P-256 or Ed25519')
    .option('--from <time>', 'not valid before', parseTimeMs)
    .option('--until <time>', 'not valid from then on', parseTimeMs)
    .option('--json', 'one JSON object')
    .action(async (id: string, _options: unknown, command: Command) => {
      const options = command.optsWithGlobals<AddOptions>();
      const { publicKey, from, until } = options;
      const validity: Validity = {
        ...(from === undefined ? {} : { notBeforeMs: from }),
        ...(until === undefined ? {} : { notAfterMs: until }),
      };
      const body =
        publicKey === undefined ? validity : { ...validity, publicKey: keyOf(publicKey, deps, command) };
      const path = ['POST', 'devices', id, 'credentials'] as const;
      const added = await ask<NewSecret | CredentialSummary>(options, deps, path, body);
      if (options.json === true) deps.out(jsonLines([added]));
      else deps.out(table(['CREDENTIAL', 'SECRET'], [[added.id, 'secret' in added ? added.secret : '-']]));
    });
  credential
    .command('revoke')
    .description('sessions opened with it end (4403)')
    .addArgument(idArgument())
    .argument('<credential>', 'as in the list')
    .action(async (id: string, name: string, _options: unknown, command: Command) => {
      const path = ['DELETE', 'devices', id, 'credentials', name] as const;
      await ask(command.optsWithGlobals<ConfigOptions>(), deps, path);
      deps.out(`${name} of ${id} is revoked\n`);
    });
}

function addRotate(device: Command, deps: CliDeps): void {
  device
    .command('rotate')
    .description('give devices a new secret; the old one holds until the new one is used')
    .argument('[ids...]', 'device ids')
    .option('--all', 'every device')
    .option('--status', 'only list those whose rotation is not done')
    .action(async (ids: string[], _options: unknown, command: Command) => {
      const options = command.optsWithGlobals<ConfigOptions & { all?: true; status?: true }>();
      if (options.status !== true) {
        const chosen = options.all === true ? await everyDevice(options, deps) : ids;
        if (chosen.length === 0)
          command.error('error: name devices, or say --all', { exitCode: exitCodes.usage });
        // The hub takes so many at a time.
        for (let at = 0; at < chosen.length; at += 10_000) {
          await ask(options, deps, ['POST', 'rotations'], { ids: chosen.slice(at, at + 10_000) });
        }
      }
      const { devices } = await ask<{ devices: { id: string; sinceMs: number }[] }>(options, deps, [
        'GET',
        'rotations',
      ]);
      deps.out(
        table(
          ['NOT YET ROTATED', 'SINCE'],
          devices.map(({ id, sinceMs }) => [id, isoTime(sinceMs)]),
        ),
      );
    });
}

async function everyDevice(options: ConfigOptions, deps: CliDeps): Promise<string[]> {
  const { devices } = await ask<{ devices: DeviceSummary[] }>(options, deps, ['GET', 'devices']);
  return devices.map(({ id }) => id);
}

function keyOf(file: string, { cwd }: CliDeps, command: Command): string {
  try {
    return readFileSync(resolve(cwd, file), 'utf8');
  } catch {
    return command.error(`error: ${file} cannot be read`, { exitCode: exitCodes.usage });
  }
}

function row({ id, kind, state, notBeforeMs, notAfterMs }: CredentialSummary): string[] {
  return [id, kind, state, timeOf(notBeforeMs), timeOf(notAfterMs)];
}

function timeOf(ms: number | undefined): string {
  return ms === undefined ? '-' : isoTime(ms);
}
