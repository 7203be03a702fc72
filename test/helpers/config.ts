import assert from 'node:assert/strict';
import { readConfig, type Config } from '../../hub/config/config.ts';
import type { ConfigSources } from '../../hub/config/config-reader.ts';
import type { NamedFault } from '../../hub/config/config-fault.ts';
import { HubError } from '../../hub/kernel/errors.ts';

const sources: Pick<ConfigSources, 'cwd' | 'isCron' | 'readFile'> = {
  cwd: '/srv/hub',
  isCron: (expression) => /^(\S+ ){4,5}\S+$/.test(expression),
  readFile: (path) => {
    throw new Error(`no such file: ${path}`);
  },
};

export function configOf(
  env: Record<string, string>,
  rest: Partial<ConfigSources> = {},
): { config: Config; warnings: string[] } {
  return readConfig({ ...sources, env, ...rest });
}

export function faultsOf(env: Record<string, string>, rest: Partial<ConfigSources> = {}): NamedFault[] {
  try {
    configOf(env, rest);
  } catch (error) {
    assert.ok(error instanceof HubError, String(error));
    assert.equal(error.code, 'config-invalid');
    const faults = error.details['faults'] as NamedFault[];
    for (const { name, rule } of faults)
      assert.ok(error.message.includes(`${name} ${rule}`), 'the message names each fault');
    return faults;
  }
  return [];
}

export const namesOf = (faults: NamedFault[]): string[] => faults.map(({ name }) => name);
