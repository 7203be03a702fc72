/** Requests to the running hub about identities, and the JSON output of their commands. */

import type { CliDeps } from './cli-deps.ts';
import type { AnswerTo, ApiRoute, RequestTo } from '../../schemas/api/api.ts';
import { callApi, callHub } from './admin-client.ts';
import { adminSocketPath, loadConfig, type ConfigOptions } from './config-source.ts';

/** The options of every list command. */
export interface ListOptions extends ConfigOptions {
  json?: true;
}

/** One operation over the admin socket. @throws HubError `hub-not-running` and those of the operation */
export async function ask<Route extends ApiRoute>(
  options: ConfigOptions,
  deps: CliDeps,
  route: Route,
  given: RequestTo<Route>,
): Promise<AnswerTo<Route>> {
  const { config } = loadConfig(options, deps);
  return callApi(adminSocketPath(config), route, given);
}

/**
 * One request over the admin socket.
 * @returns the answer; hub and command line are of the same release, so the shape is known
 * @throws HubError `hub-not-running` and those of the operation
 */
export async function askPath<T>(
  options: ConfigOptions,
  deps: CliDeps,
  [method, ...path]: readonly [string, ...string[]],
  body?: unknown,
): Promise<T> {
  const { config } = loadConfig(options, deps);
  const url = `/api/v1/${path.map(encodeURIComponent).join('/')}`;
  return (await callHub(adminSocketPath(config), method, url, body)) as T;
}

/** One JSON object per line. */
export function jsonLines(items: readonly object[]): string {
  return items.map((item) => `${JSON.stringify(item)}\n`).join('');
}
