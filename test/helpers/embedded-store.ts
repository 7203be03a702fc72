import { join } from 'node:path';
import { openMetricsStore } from '../../hub/adapters/sqlite/metrics/metrics-store.ts';
import type { MetricsStore } from '../../hub/telemetry/store.ts';
import { temporaryFolder } from './services/guard.ts';

export interface Opened {
  store: MetricsStore;
  /** Ends the store and what is behind it. */
  end(): Promise<void>;
}

/** The embedded metrics store in a folder of its own. */
export async function openEmbedded(): Promise<Opened> {
  const folder = temporaryFolder('metrics');
  const store = await openMetricsStore({ file: join(folder.path, 'metrics.db') });
  return {
    store,
    async end() {
      await store.close();
      folder.remove();
    },
  };
}

/** Makes every point part of a chunk. */
export async function compactAll({ bounded }: MetricsStore): Promise<void> {
  const everything = { beforeMs: 1e12 * 8, oldMs: 1e12 * 8 };
  for (let from: number | undefined = 0; from !== undefined;)
    from = await bounded?.compact({ ...everything, from });
}
