import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ConfigValues } from '../../schemas/config.ts';

/** Files the configuration names and others judge; absolute paths. */
export interface NamedFiles {
  /** Undefined while the name itself has a fault. */
  readonly schemasDir: string | undefined;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly tlsClientCa?: string;
  readonly firmwareKey?: string;
}

/** @param values those without a fault */
export function namedFiles(values: Partial<ConfigValues>, cwd: string): NamedFiles {
  const given = (['tlsCert', 'tlsKey', 'tlsClientCa', 'firmwareKey'] as const).flatMap((name) => {
    const file = values[name];
    return file === undefined ? [] : [[name, resolve(cwd, file)] as const];
  });
  return { schemasDir: schemasFolder(values.schemasDir, cwd), ...Object.fromEntries(given) };
}

export function schemasFolder(schemasDir: string | undefined, cwd: string): string {
  return schemasDir === undefined ? ownSchemasDir : resolve(cwd, schemasDir);
}

/** The device types that come with the hub. */
export const ownSchemasDir = fileURLToPath(new URL('../../schemas/device-types', import.meta.url));
