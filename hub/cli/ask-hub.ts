/** How a sub-command asks the running hub, and its JSON output. */

import type { CliDeps } from './cli-deps.ts';
import type { AnswerTo, ApiRoute, RequestTo } from '../../schemas/api/document/api.ts';
import { callApi, type Manner } from './admin-client.ts';
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
  manner?: Manner,
): Promise<AnswerTo<Route>> {
  const { config } = loadConfig(options, deps);
  return callApi(adminSocketPath(config), route, given, manner);
}

/** One JSON object per line. */
export function jsonLines(items: readonly object[]): string {
  return items.map((item) => `${JSON.stringify(item)}\n`).join('');
}
