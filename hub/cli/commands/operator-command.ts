/** `operator …` and `token …`: accounts of people, tokens of programs. */

import { Option, type Command } from 'commander';
import type { Rights } from '../../../schemas/api/operators.ts';
import { roles, safetyClasses } from '../../../schemas/api/roles.ts';
import { parseWhole } from '../arguments.ts';
import type { CliDeps } from '../cli-deps.ts';
import type { ConfigOptions } from '../config-source.ts';
import { ask, jsonLines, type ListOptions } from '../ask-hub.ts';
import { isoTime } from '../../../schemas/iso-time.ts';
import { table } from '../table.ts';
import { messageOf } from '../../kernel/errors.ts';
import { readText } from '../../kernel/text-file.ts';
import { exitCodes } from '../exit-codes.ts';

type RightsOptions = ListOptions & Rights;

/** The options that define what somebody may do. */
function withRights(command: Command): Command {
  return command
    .addOption(new Option('--role <role>').choices(roles).makeOptionMandatory())
    .option('--devices <selector>', "which devices: '*', or e.g. site=hall-3,type=env-sensor,id=d-*", '*')
    .addOption(
      new Option('--safety <class>', 'highest class of commands that may be sent')
        .choices(safetyClasses)
        .default('config'),
    );
}

function rightsOf({ role, devices, safety }: RightsOptions): Rights {
  return { role, devices, safety };
}

export function addOperator(program: Command, deps: CliDeps): void {
  const operator = program.command('operator').description('accounts of people');
  withRights(operator.command('save').argument('<name>'))
    .description('add an account (with --password-stdin), or change one; its sessions end')
    .option('--password-stdin', 'read the password (12 characters or more) from standard input')
    .action(async (name: string, _options: unknown, command: Command) => {
      const options = command.optsWithGlobals<RightsOptions & { passwordStdin?: true }>();
      // Not an argument: every user of the machine can see those.
      const password = options.passwordStdin === true ? passwordOf(command) : undefined;
      const body = { ...rightsOf(options), password };
      await ask(options, deps, 'PUT /api/v1/operators/accounts/{name}', { params: { name }, body });
      deps.out(`${name} is saved\n`);
    });
  operator
    .command('remove')
    .argument('<name>')
    .description('delete an account and end its sessions')
    .action(async (name: string, _options: unknown, command: Command) => {
      const options = command.optsWithGlobals<ConfigOptions>();
      await ask(options, deps, 'DELETE /api/v1/operators/accounts/{name}', { params: { name } });
      deps.out(`${name} is removed\n`);
    });
  operator
    .command('sessions')
    .description('who is signed in to the console')
    .option('--json', 'one JSON object per line')
    .action(async (_options: unknown, command: Command) => {
      const options = command.optsWithGlobals<ListOptions>();
      const { sessions } = await ask(options, deps, 'GET /api/v1/operators/sessions', {});
      if (options.json === true) {
        deps.out(jsonLines(sessions));
        return;
      }
      const rows = sessions.map(({ id, actor, kind, address, openedMs, usedMs }) => [
        id,
        actor,
        kind,
        address,
        isoTime(openedMs),
        isoTime(usedMs),
      ]);
      deps.out(table(['SESSION', 'ACTOR', 'KIND', 'ADDRESS', 'SINCE', 'USED'], rows));
    });
  operator
    .command('sign-out')
    .argument('<session>', 'its id, as `operator sessions` lists it')
    .description('sign out one browser or screen')
    .action(async (id: string, _options: unknown, command: Command) => {
      const options = command.optsWithGlobals<ConfigOptions>();
      await ask(options, deps, 'DELETE /api/v1/operators/sessions/{id}', { params: { id } });
      deps.out(`${id} is signed out\n`);
    });
  operator
    .command('reset-second-factor')
    .argument('<name>')
    .description('ask for no code any more, for somebody who lost the authenticator app; its sessions end')
    .action(async (name: string, _options: unknown, command: Command) => {
      const options = command.optsWithGlobals<ConfigOptions>();
      const route = 'DELETE /api/v1/operators/accounts/{name}/second-factor';
      await ask(options, deps, route, { params: { name } });
      deps.out(`${name} signs in with the password alone\n`);
    });
  addList(operator, deps, 'accounts');
}

export function addToken(program: Command, deps: CliDeps): void {
  const token = program.command('token').description('tokens of programs: Authorization: Bearer …');
  withRights(token.command('create').argument('<name>'))
    .description('create a token, printed only once')
    .option('--days <n>', 'validity in days (default: until revoked)', parseWhole(1, 3_650))
    .option('--json', 'one JSON object')
    .action(async (name: string, _options: unknown, command: Command) => {
      const options = command.optsWithGlobals<RightsOptions & { days?: number }>();
      const { days } = options;
      const end = days === undefined ? {} : { notAfterMs: deps.clock.now() + days * 86_400_000 };
      const body = { name, ...rightsOf(options), ...end };
      const made = await ask(options, deps, 'POST /api/v1/operators/tokens', { body });
      if (options.json === true) deps.out(jsonLines([made]));
      else deps.out(table(['NAME', 'TOKEN'], [[made.name, made.token]]));
      if (options.role === 'viewer' && options.json !== true)
        deps.err('to show the console on a screen on a wall, open its address there with /#screen=TOKEN\n');
    });
  token
    .command('revoke')
    .argument('<name>')
    .description('revoke a token')
    .action(async (name: string, _options: unknown, command: Command) => {
      const options = command.optsWithGlobals<ConfigOptions>();
      await ask(options, deps, 'DELETE /api/v1/operators/tokens/{name}', { params: { name } });
      deps.out(`${name} is revoked\n`);
    });
  addList(token, deps, 'tokens');
}

function addList(parent: Command, deps: CliDeps, which: 'accounts' | 'tokens'): void {
  parent
    .command('list')
    .description(`all ${which}`)
    .option('--json', 'one JSON object per line')
    .action(async (_options: unknown, command: Command) => {
      const options = command.optsWithGlobals<ListOptions>();
      const listed = (await ask(options, deps, 'GET /api/v1/operators', {}))[which];
      if (options.json === true) {
        deps.out(jsonLines(listed));
        return;
      }
      const rows = listed.map((one) => {
        const until = 'notAfterMs' in one && one.notAfterMs !== undefined ? isoTime(one.notAfterMs) : '-';
        return [one.name, one.role, one.devices, one.safety, isoTime(one.createdMs), until];
      });
      deps.out(table(['NAME', 'ROLE', 'DEVICES', 'SAFETY', 'SINCE', 'UNTIL'], rows));
    });
}

function passwordOf(command: Command): string {
  try {
    return readText(0).replace(/\r?\n$/, '');
  } catch (error) {
    return command.error(`error: --password-stdin: ${messageOf(error)}`, { exitCode: exitCodes.usage });
  }
}
