/** Reads the configuration that the command line's options select. */

import { join, resolve } from 'node:path';
import { isSecret } from '../config/names.ts';
import { readConfig, type Config } from '../config/config.ts';
import type { NamedFiles } from '../config/named-files.ts';
import { HubError, messageOf } from '../kernel/errors.ts';
import { exposedSecret, readSecretFile } from '../kernel/secret-file.ts';
import type { CliDeps } from './cli-deps.ts';
import { parseJson } from './json-value.ts';
import { readText } from '../kernel/text-file.ts';

/** The options every sub-command has. */
export interface ConfigOptions {
  config?: string;
  dataDir?: string;
}

/**
 * Defaults ← `--config` file ← environment ← `--data-dir`.
 * @throws HubError `config-invalid`
 */
export function loadConfig(
  { config: file, dataDir }: ConfigOptions,
  { env, cwd, cronTimes }: Pick<CliDeps, 'env' | 'cwd' | 'cronTimes'>,
): { config: Config; warnings: string[]; files: NamedFiles } {
  const warnings: string[] = [];
  const read = readConfig({
    env: dataDir === undefined ? env : { ...env, HUB_DATA_DIR: dataDir },
    ...(file === undefined
      ? {}
      : { file: readConfigFile(resolve(cwd, file), file, warnings), fileName: file }),
    cwd,
    isCron: (expression) => cronTimes(expression, 0, 1).length > 0,
    readFile: (path) => {
      const { text, exposed } = readSecretFile(path);
      if (exposed) warnings.push(exposedSecret(path));
      return text;
    },
  });
  return { ...read, warnings: [...read.warnings, ...warnings] };
}

/** Where a running hub listens for the command line. */
export function adminSocketPath(config: Config): string {
  return join(config.dataDir, 'hub.sock');
}

/** A configuration file that contains a secret must be as protected as a secret file. */
function readConfigFile(path: string, name: string, warnings: string[]): unknown {
  let rule = 'must be a file that can be read';
  try {
    const text = readText(path);
    rule = 'must be JSON that can be taken';
    const value = parseJson(text);
    rule = 'holds a secret';
    if (typeof value === 'object' && value !== null && Object.keys(value).some(isSecret)) {
      if (readSecretFile(path).exposed) warnings.push(exposedSecret(path));
    }
    return value;
  } catch (error) {
    const fault = {
      name: `--config ${name}`,
      rule: error instanceof SyntaxError ? error.message : `${rule} (${messageOf(error)})`,
    };
    throw new HubError('config-invalid', `${fault.name} ${fault.rule}`, {
      cause: error,
      details: { faults: [fault] },
    });
  }
}
