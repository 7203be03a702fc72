/** `enrolment create | list | revoke | approve | deny`: how new devices get their identity. */

import { Argument, Option, type Command } from 'commander';
import type { NewEnrolment } from '../../../schemas/api/enrolments.ts';
import { parseId, parseLabel, parseSite, parseType, parseWhole } from '../arguments.ts';
import type { CliDeps } from '../cli-deps.ts';
import type { ConfigOptions } from '../config-source.ts';
import { ask, jsonLines, type ListOptions } from '../ask-hub.ts';
import { isoTime } from '../../../schemas/iso-time.ts';
import { labelsText, table } from '../table.ts';

interface CreateOptions extends ListOptions {
  type: string;
  site: string;
  uses: number;
  hours: number;
  reEnrolment: NewEnrolment['reEnrolment'];
  prefix: string;
  label: Record<string, string>;
}

export function addEnrolment(program: Command, deps: CliDeps): void {
  const enrolment = program
    .command('enrolment')
    .description('tokens with which new devices get their identity from POST /v1/enrol');
  addCreate(enrolment, deps);
  addList(enrolment, deps);
  enrolment
    .command('revoke')
    .description('revoke a token')
    .argument('<enrolment>', 'its id in the list')
    .action(async (id: string, _options: unknown, command: Command) => {
      const options = command.optsWithGlobals<ConfigOptions>();
      await ask(options, deps, 'DELETE /api/v1/enrolments/{id}', { params: { id } });
      deps.out(`${id} is revoked\n`);
    });
  for (const verb of ['approve', 'deny'] as const) {
    enrolment
      .command(verb)
      .description(`${verb} a new identity for a device that is already registered`)
      .addArgument(new Argument('<device>').argParser(parseId))
      .action(async (id: string, _options: unknown, command: Command) => {
        const options = command.optsWithGlobals<ConfigOptions>();
        await ask(options, deps, `POST /api/v1/enrolments/requests/{id}/${verb}`, { params: { id } });
        deps.out(`${id}: ${verb === 'approve' ? 'approved' : 'denied'}\n`);
      });
  }
}

function addCreate(enrolment: Command, deps: CliDeps): void {
  enrolment
    .command('create')
    .description('create a token, printed only once')
    .requiredOption('--type <type>', 'device type with version, e.g. env-sensor@1', parseType)
    .option(
      '--site <site>',
      'the site tag of every point of the devices; cannot be changed',
      parseSite,
      'default',
    )
    .option('--uses <n>', 'number of devices that may use it', parseWhole(1, 1_000_000), 1)
    .option('--hours <n>', 'validity in hours', parseWhole(1, 8_760), 24)
    .option('--prefix <prefix>', 'required start of the device ids', '')
    .option('--label <key=value>', 'a label of each new device; repeatable', parseLabel, {})
    .addOption(
      new Option('--re-enrolment <policy>', 'policy for devices that are already registered')
        .choices(['auto', 'approve', 'never'])
        .default('approve'),
    )
    .option('--json', 'one JSON object')
    .action(async (_options: unknown, command: Command) => {
      const options = command.optsWithGlobals<CreateOptions>();
      const { type, site, uses, hours, reEnrolment, prefix, label } = options;
      const notAfterMs = deps.clock.now() + hours * 3_600_000;
      const body = { type, site, uses, notAfterMs, reEnrolment, idPrefix: prefix, labels: label };
      const made = await ask(options, deps, 'POST /api/v1/enrolments', { body });
      if (options.json === true) deps.out(jsonLines([made]));
      else deps.out(table(['ENROLMENT', 'TOKEN'], [[made.id, made.token]]));
    });
}

function addList(enrolment: Command, deps: CliDeps): void {
  enrolment
    .command('list')
    .description('tokens, and devices waiting for approval')
    .option('--json', 'one JSON object')
    .action(async (_options: unknown, command: Command) => {
      const options = command.optsWithGlobals<ListOptions>();
      const listed = await ask(options, deps, 'GET /api/v1/enrolments', {});
      if (options.json === true) {
        deps.out(jsonLines([listed]));
        return;
      }
      const { enrolments, requests } = listed;
      const rows = enrolments.map((one) => [
        one.id,
        one.type,
        one.site,
        `${one.used}/${one.uses}`,
        isoTime(one.notAfterMs),
        one.reEnrolment,
        labelsText(one.labels),
      ]);
      deps.out(table(['ENROLMENT', 'TYPE', 'SITE', 'USED', 'UNTIL', 'RE-ENROLMENT', 'LABELS'], rows));
      if (requests.length === 0) return;
      const waiting = requests.map(({ deviceId, address, askedMs, approved }) => [
        deviceId,
        address,
        isoTime(askedMs),
        approved ? 'approved' : 'waiting',
      ]);
      deps.out(`\n${table(['DEVICE', 'FROM', 'REQUESTED', 'STATE'], waiting)}`);
    });
}
