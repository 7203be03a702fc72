/** Requests to the running hub about identities; each prints JSON or a table. */

import type { CliDeps } from './cli-deps.ts';
import { callHub } from './admin-client.ts';
import { adminSocketPath, loadConfig, type ConfigOptions } from './config-source.ts';

/** The options every listing has. */
export interface ListOptions extends ConfigOptions {
  json?: true;
}

/**
 * One request over the admin socket.
 * @returns the answer, which has the shape the hub of the same release gives it
 * @throws HubError `hub-not-running` and those of the operation
 */
export async function ask<T>(
  options: ConfigOptions,
  deps: CliDeps,
  [method, ...path]: readonly [string, ...string[]],
  body?: unknown,
): Promise<T> {
  const { config } = loadConfig(options, deps);
  const url = `/api/v1/${path.map(encodeURIComponent).join('/')}`;
  return (await callHub(adminSocketPath(config), method, url, body)) as T;
}

/** One JSON object a line. */
export function jsonLines(items: readonly object[]): string {
  return items.map((item) => `${JSON.stringify(item)}\n`).join('');
}
