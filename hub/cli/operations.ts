/** Runs an operation on the running hub, or on its files when none runs. */

import { HubError } from '../kernel/errors.ts';
import { wait } from '../../schemas/time/clock.ts';
import { adminClient, hubRuns } from './admin-client.ts';
import type { CliDeps, OfflineOperations } from './cli-deps.ts';
import { adminSocketPath, loadConfig, type ConfigOptions } from './config-source.ts';

/** How long a starting hub may lock its files before it answers, ms. */
const startingMs = 5_000;
const retryMs = 50;

/**
 * @param create without a hub, also in a folder that none has used: for what begins a fleet
 * @throws HubError of the operation, of the configuration, or `data-dir-in-use` · `data-dir-invalid`
 */
export async function withOperations<T>(
  options: ConfigOptions,
  deps: CliDeps,
  run: (operations: OfflineOperations) => Promise<T>,
  { create = false }: { create?: boolean } = {},
): Promise<T> {
  const { config } = loadConfig(options, deps);
  const socketPath = adminSocketPath(config);
  // Two processes that write the same files would stall each other, so a running hub performs the operation.
  const until = deps.clock.monotonic() + startingMs;
  for (;;) {
    if (await hubRuns(socketPath)) return run(adminClient(socketPath));
    try {
      return await onTheFiles(await deps.openOfflineOperations(config, { create }), run);
    } catch (error) {
      const starting = error instanceof HubError && error.code === 'data-dir-in-use';
      if (!starting || deps.clock.monotonic() >= until) throw error;
    }
    await wait(deps.clock, retryMs);
  }
}

async function onTheFiles<T>(
  offline: OfflineOperations & { close(): Promise<void> },
  run: (operations: OfflineOperations) => Promise<T>,
): Promise<T> {
  try {
    return await run(offline);
  } finally {
    await offline.close();
  }
}
