/** `schema list | check | generate`: device types, checked and turned into code without a hub. */

import { resolve } from 'node:path';
import type { Command } from 'commander';
import {
  deviceFrameChecks,
  joinFaults,
  loadDeviceType,
  loadDeviceTypes,
  SchemaFault,
  type DeviceType,
  type FieldError,
} from '../../../schemas/index.ts';
import { HubError, messageOf } from '../../kernel/errors.ts';
import type { CliDeps } from '../cli-deps.ts';
import { loadConfig, type ConfigOptions } from '../config-source.ts';
import { schemaFaultsAsHubErrors } from '../schema-faults.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import { parseJson } from '../json-value.ts';
import { table } from '../table.ts';
import { readText } from '../../kernel/text-file.ts';
import { addSchemaGenerate } from './schema-generate-command.ts';

interface CheckOptions extends ConfigOptions {
  sample?: string;
  json?: true;
}

export function addSchema(program: Command, deps: CliDeps, done: (code: ExitCode) => void): void {
  const schema = program.command('schema').description('device types');

  schema
    .command('list')
    .description('the device types of HUB_SCHEMAS_DIR')
    .option('--json', 'one JSON object per line')
    .action(async (_options: unknown, command: Command) => {
      const options = command.optsWithGlobals<ConfigOptions & { json?: true }>();
      const { config } = loadConfig(options, deps);
      const types = (await schemaFaultsAsHubErrors(loadDeviceTypes(config.schemasDir))).all();
      const rows = types.map(({ id, streams, events, commands, presence }) => ({
        id,
        streams: [...streams.keys()],
        events: [...events.keys()],
        commands: [...commands.keys()],
        heartbeatSec: presence.heartbeatSec,
      }));
      if (options.json === true) {
        deps.out(rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
        return;
      }
      deps.out(
        table(
          ['TYPE', 'STREAMS', 'EVENTS', 'COMMANDS', 'HEARTBEAT'],
          rows.map(({ id, streams, events, commands, heartbeatSec }) => [
            id,
            ...[streams, events, commands].map((names) => (names.length === 0 ? '-' : names.join(','))),
            `${heartbeatSec} s`,
          ]),
        ),
      );
    });

  schema
    .command('check')
    .description('report all faults of a device type, alone and together with those of HUB_SCHEMAS_DIR')
    .argument('<file>')
    .option(
      '--sample <frame>',
      'also check the frame in this file ("type":"telemetry" or "event") against the type',
    )
    .option('--json', 'the faults as one JSON array')
    .action(async (file: string, _options: unknown, command: Command) => {
      const options = command.optsWithGlobals<CheckOptions>();
      const faults = await faultsOf(file, options, deps);
      if (options.json === true) deps.out(`${JSON.stringify(faults)}\n`);
      else if (faults.length === 0) deps.out(`${file} is valid\n`);
      else {
        deps.out(
          table(
            ['WHERE', 'EXPECTED', 'GOT'],
            faults.map(({ path, expected, got }) => [path === '' ? '/' : path, expected, got]),
          ),
        );
      }
      if (faults.length > 0) done(exitCodes.fault);
    });

  addSchemaGenerate(schema, deps);
}

async function faultsOf(file: string, options: CheckOptions, deps: CliDeps): Promise<FieldError[]> {
  const { config } = loadConfig(options, deps);
  let type: DeviceType;
  try {
    type = await loadDeviceType(resolve(deps.cwd, file));
  } catch (error) {
    if (error instanceof SchemaFault) return [...error.errors];
    throw error;
  }
  const faults = joinFaults(type, await schemaFaultsAsHubErrors(loadDeviceTypes(config.schemasDir)));
  if (options.sample !== undefined) faults.push(...sampleFaults(type, readFrame(options.sample, deps)));
  return faults;
}

function readFrame(file: string, { cwd }: CliDeps): Record<string, unknown> {
  try {
    const frame = parseJson(readText(resolve(cwd, file)));
    if (typeof frame === 'object' && frame !== null) return { ...frame };
  } catch (error) {
    throw new HubError('input-invalid', `${file}: ${messageOf(error)}`, { cause: error });
  }
  throw new HubError('input-invalid', `${file} is not a JSON object`);
}

/** The faults of one frame: those of its envelope, or those of each reading in it. */
function sampleFaults(type: DeviceType, frame: Record<string, unknown>): FieldError[] {
  const kind = frame['type'] === 'event' ? 'event' : 'telemetry';
  const envelope = deviceFrameChecks[kind](frame);
  if (envelope !== undefined) return [envelope];
  const name = String(kind === 'event' ? frame['name'] : frame['stream']);
  const found = kind === 'event' ? type.events.get(name) : type.streams.get(name);
  if (found === undefined) {
    const known = [...(kind === 'event' ? type.events : type.streams).keys()].join(', ');
    const path = kind === 'event' ? '/name' : '/stream';
    return [{ path, keyword: 'enum', expected: `one of ${known}`, got: name }];
  }
  const { samples } = frame;
  if (!Array.isArray(samples)) return faultAt('/data', found.check(frame['data'] ?? {}));
  return samples.flatMap((sample: { data: unknown }, index) =>
    faultAt(`/samples/${index}/data`, found.check(sample.data)),
  );
}

function faultAt(path: string, fault: FieldError | undefined): FieldError[] {
  return fault === undefined ? [] : [{ ...fault, path: `${path}${fault.path}` }];
}
