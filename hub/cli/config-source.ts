/** From the command line's options to the configuration. */

import { readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { readConfig, type Config, type NamedFiles } from '../config.ts';
import { HubError, messageOf } from '../kernel/errors.ts';
import type { CliDeps } from './cli-deps.ts';

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
  { env, cwd, isCron }: Pick<CliDeps, 'env' | 'cwd' | 'isCron'>,
): { config: Config; warnings: string[]; files: NamedFiles } {
  const exposed: string[] = [];
  const read = readConfig({
    env: dataDir === undefined ? env : { ...env, HUB_DATA_DIR: dataDir },
    ...(file === undefined ? {} : { file: readJson(resolve(cwd, file), file), fileName: file }),
    cwd,
    isCron,
    readFile: (path) => {
      const { mode } = statSync(path);
      if ((mode & 0o022) !== 0) throw new Error('others may write to it; chmod 600');
      if ((mode & 0o044) !== 0) exposed.push(path);
      return readFileSync(path, 'utf8');
    },
  });
  // Orchestrators mount secrets readable for all inside the container, so that much is only told.
  const warnings = exposed.map((path) => `${path} holds a secret and other users may read it; chmod 600`);
  return { ...read, warnings: [...read.warnings, ...warnings] };
}

/** Where a running hub listens for the command line. */
export function adminSocketPath(config: Config): string {
  return join(config.dataDir, 'hub.sock');
}

function readJson(path: string, name: string): unknown {
  let rule = 'must be a file that can be read';
  try {
    const text = readFileSync(path, 'utf8');
    rule = 'must be JSON';
    return JSON.parse(text) as unknown;
  } catch (error) {
    const fault = { name, rule: `${rule} (${messageOf(error)})` };
    throw new HubError('config-invalid', `${fault.name} ${fault.rule}`, {
      cause: error,
      details: { faults: [fault] },
    });
  }
}
