/** Where a command is carried out: on the running hub, or on its files when none runs. */

import { adminClient, hubRuns } from './admin-client.ts';
import type { CliDeps, OfflineOperations } from './cli-deps.ts';
import { adminSocketPath, loadConfig, type ConfigOptions } from './config-source.ts';

/** @throws HubError of the operation, of the configuration, or `data-dir-in-use` */
export async function withOperations<T>(
  options: ConfigOptions,
  deps: CliDeps,
  run: (operations: OfflineOperations) => Promise<T>,
): Promise<T> {
  const { config } = loadConfig(options, deps);
  const socketPath = adminSocketPath(config);
  // Two processes that write the same files would stall each other, so a running hub is asked.
  if (await hubRuns(socketPath)) return run(adminClient(socketPath));
  const offline = await deps.openOfflineOperations(config);
  try {
    return await run(offline);
  } finally {
    await offline.close();
  }
}
