/** `device disable | enable | credential | rotate`: the identity of a device, in the running hub or on its files. */

import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Argument, type Command } from 'commander';
import type { CredentialSummary, NewSecret, Validity } from '../../../schemas/api/credentials.ts';
import { allDevices } from '../all-devices.ts';
import { parseId, parseTimeMs } from '../arguments.ts';
import type { CliDeps } from '../cli-deps.ts';
import type { ConfigOptions } from '../config-source.ts';
import { exitCodes } from '../exit-codes.ts';
import { withOperations } from '../operations.ts';
import { jsonLines, type ListOptions } from '../ask-hub.ts';
import { isoTime } from '../../../schemas/iso-time.ts';
import { table } from '../table.ts';

const idArgument = (): Argument => new Argument('<id>').argParser(parseId);

export function addDeviceIdentity(device: Command, deps: CliDeps): void {
  addSwitches(device, deps);
  addCredentials(device, deps);
  addRotate(device, deps);
}

function addSwitches(device: Command, deps: CliDeps): void {
  for (const [verb, description] of [
    ['disable', 'reject the device and end its session (4403) until it is enabled'],
    ['enable', 'accept a disabled device again'],
  ] as const) {
    device
      .command(verb)
      .description(description)
      .addArgument(idArgument())
      .action(async (id: string, _options: unknown, command: Command) => {
        await withOperations(command.optsWithGlobals<ConfigOptions>(), deps, (operations) =>
          operations.setDisabled(id, verb === 'disable'),
        );
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
    .description('list credentials (secrets are never shown)')
    .addArgument(idArgument())
    .option('--json', 'one JSON object per line')
    .action(async (id: string, _options: unknown, command: Command) => {
      const options = command.optsWithGlobals<ListOptions>();
      const credentials = await withOperations(options, deps, (operations) => operations.listCredentials(id));
      if (options.json === true) deps.out(jsonLines(credentials));
      else deps.out(table(['CREDENTIAL', 'KIND', 'STATE', 'FROM', 'UNTIL'], credentials.map(row)));
    });
  credential
    .command('add')
    .description('add a second secret, printed only once, or a public key that verifies its tokens')
    .addArgument(idArgument())
    .option('--public-key <file>', 'PEM, ECDSA P-256 or Ed25519')
    .option('--from <time>', 'not valid before', parseTimeMs)
    .option('--until <time>', 'not valid from this time on', parseTimeMs)
    .option('--json', 'one JSON object')
    .action(async (id: string, _options: unknown, command: Command) => {
      const options = command.optsWithGlobals<AddOptions>();
      const { publicKey, from, until } = options;
      const validity: Validity = {
        ...(from === undefined ? {} : { notBeforeMs: from }),
        ...(until === undefined ? {} : { notAfterMs: until }),
      };
      const key = publicKey === undefined ? undefined : keyOf(publicKey, deps, command);
      const added = await withOperations<NewSecret | CredentialSummary>(options, deps, (operations) =>
        key === undefined ? operations.addSecret(id, validity) : operations.addKey(id, key, validity),
      );
      if (options.json === true) deps.out(jsonLines([added]));
      else deps.out(table(['CREDENTIAL', 'SECRET'], [[added.id, 'secret' in added ? added.secret : '-']]));
    });
  credential
    .command('revoke')
    .description('revoke a credential; sessions opened with it end (4403)')
    .addArgument(idArgument())
    .argument('<credential>', 'its id in the list')
    .action(async (id: string, name: string, _options: unknown, command: Command) => {
      await withOperations(command.optsWithGlobals<ConfigOptions>(), deps, (operations) =>
        operations.revokeCredential(id, name),
      );
      deps.out(`${name} of ${id} is revoked\n`);
    });
}

function addRotate(device: Command, deps: CliDeps): void {
  device
    .command('rotate')
    .description('give devices a new secret; the old one stays valid until the new one is used')
    .argument('[ids...]', 'device ids')
    .option('--all', 'every device')
    .option('--status', 'only list the devices whose rotation is not complete')
    .action(async (ids: string[], _options: unknown, command: Command) => {
      const options = command.optsWithGlobals<ConfigOptions & { all?: true; status?: true }>();
      const asked = options.status === true || options.all === true || ids.length > 0;
      if (!asked) command.error('error: give device ids or --all', { exitCode: exitCodes.usage });
      const devices = await withOperations(options, deps, async (operations) => {
        if (options.status !== true) {
          const all = options.all === true ? await allDevices(operations) : ids.map((id) => ({ id }));
          await operations.rotate(all.map(({ id }) => id));
        }
        return operations.rotating();
      });
      deps.out(
        table(
          ['NOT YET ROTATED', 'SINCE'],
          devices.map(({ id, sinceMs }) => [id, isoTime(sinceMs)]),
        ),
      );
    });
}

function keyOf(file: string, { cwd }: CliDeps, command: Command): string {
  try {
    return readFileSync(resolve(cwd, file), 'utf8');
  } catch {
    return command.error(`error: --public-key: ${file} cannot be read`, { exitCode: exitCodes.usage });
  }
}

function row({ id, kind, state, notBeforeMs, notAfterMs }: CredentialSummary): string[] {
  return [id, kind, state, timeOf(notBeforeMs), timeOf(notAfterMs)];
}

function timeOf(ms: number | undefined): string {
  return ms === undefined ? '-' : isoTime(ms);
}
