/** Runs an operation on the running hub, or on its files when none runs. */

import type { Config } from '../config/config.ts';
import { HubError } from '../kernel/errors.ts';
import { wait } from '../../schemas/time/clock.ts';
import { adminClient, hubRuns } from './admin-client.ts';
import type { CliDeps, OfflineOperations } from './cli-deps.ts';
import { adminSocketPath, loadConfig, type ConfigOptions } from './config-source.ts';

/** How long a starting hub may lock its files before it answers, ms. */
const startingMs = 5_000;
const retryMs = 50;

/** @throws HubError of the operation, of the configuration, or `data-dir-in-use` */
export async function withOperations<T>(
  options: ConfigOptions,
  deps: CliDeps,
  run: (operations: OfflineOperations) => Promise<T>,
): Promise<T> {
  const { config } = loadConfig(options, deps);
  const socketPath = adminSocketPath(config);
  // Two processes that write the same files would stall each other, so a running hub performs the operation.
  const until = deps.clock.monotonic() + startingMs;
  for (;;) {
    if (await hubRuns(socketPath)) return run(adminClient(socketPath));
    try {
      return await onTheFiles(config, deps, run);
    } catch (error) {
      const starting = error instanceof HubError && error.code === 'data-dir-in-use';
      if (!starting || deps.clock.monotonic() >= until) throw error;
    }
    await wait(deps.clock, retryMs);
  }
}

async function onTheFiles<T>(
  config: Config,
  deps: CliDeps,
  run: (operations: OfflineOperations) => Promise<T>,
): Promise<T> {
  const offline = await deps.openOfflineOperations(config);
  try {
    return await run(offline);
  } finally {
    await offline.close();
  }
}
