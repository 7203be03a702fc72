/** `schema generate`: code for firmware, and a page for people, from a device type. */

import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Argument, type Command } from 'commander';
import { codeLanguages, generateCode, type CodeLanguage } from '../../../schemas/generate/generate-code.ts';
import { loadDeviceTypes, type DeviceType, type DeviceTypeCatalog } from '../../../schemas/index.ts';
import { HubError, messageOf } from '../../kernel/errors.ts';
import type { CliDeps } from '../cli-deps.ts';
import { loadConfig, type ConfigOptions } from '../config-source.ts';
import { schemaFaultsAsHubErrors } from '../schema-faults.ts';

interface GenerateOptions extends ConfigOptions {
  out: string;
  schemas?: string;
}

export function addSchemaGenerate(schema: Command, deps: CliDeps): void {
  schema
    .command('generate')
    .description('write code for firmware, or a page for people, from a device type')
    .addArgument(new Argument('<language>').choices([...codeLanguages]))
    .argument('<type>', 'such as env-sensor@1; without a version, the newest')
    .requiredOption('--out <dir>', 'the folder for the files')
    .option('--schemas <dir>', 'folder of the device types (default: HUB_SCHEMAS_DIR)')
    .action(async (language: CodeLanguage, id: string, _options: unknown, command: Command) => {
      const options = command.optsWithGlobals<GenerateOptions>();
      const { config } = loadConfig(options, deps);
      const dir = options.schemas === undefined ? config.schemasDir : resolve(deps.cwd, options.schemas);
      const type = typeOf(await schemaFaultsAsHubErrors(loadDeviceTypes(dir)), id);
      for (const { name, text } of generateCode(language, type)) {
        const file = join(options.out, name);
        write(resolve(deps.cwd, options.out), name, text);
        deps.out(`${file}\n`);
      }
    });
}

/** @throws HubError `input-invalid` when there is none */
function typeOf(catalog: DeviceTypeCatalog, id: string): DeviceType {
  const found = catalog.get(id) ?? catalog.all().findLast(({ name }) => name === id);
  if (found !== undefined) return found;
  const known = catalog.all().map((type) => type.id);
  throw new HubError('input-invalid', `there is no device type ${id}; there are ${known.join(', ')}`);
}

/** @throws HubError `input-invalid` when it cannot be written */
function write(folder: string, name: string, text: string): void {
  try {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, name), text);
  } catch (error) {
    throw new HubError('input-invalid', `${join(folder, name)} cannot be written: ${messageOf(error)}`, {
      cause: error,
    });
  }
}
