import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { openSpoolDatabase } from '../adapters/sqlite/spool-database.ts';
import { moveSpool } from '../telemetry/spool-move.ts';
import type { SharedSpoolStore, SpoolStore } from '../telemetry/spool-store.ts';
import type { HubContext } from './context.ts';
import type { SharedState } from './state/shared-state.ts';

/** `shared`: readings wait beside the state of several hubs, not on this hub's disk. */
type OpenedSpool = { kind: 'local'; store: SpoolStore } | { kind: 'shared'; store: SharedSpoolStore };

/**
 * The place where readings wait, as it is configured. What waits in the other one, because it was configured before, is moved first.
 * @throws HubError `database-failed`
 */
export async function openSpool(hub: HubContext, shared: SharedState | undefined): Promise<OpenedSpool> {
  const { config, onFailure, clock, log, releasers } = hub;
  const file = join(config.dataDir, 'spool.db');
  const openLocal = (): Promise<SpoolStore> => openSpoolDatabase({ file, onFailure, clock, log });
  const inState = shared?.stores.spool;
  const moved = async (from: SpoolStore, to: SpoolStore, place: string): Promise<void> => {
    const found = await moveSpool(from, to);
    if (found.lines + found.deadLetters > 0) log.info({ ...found, place }, 'the spool is moved');
  };
  if (inState === undefined || config.spool === 'local') {
    const store = await openLocal();
    releasers.push('spool', () => store.close());
    if (inState !== undefined && (await inState.anyLeft())) {
      await inState.begin();
      await adoptAll(inState);
      await moved(inState, store, 'this disk');
      await inState.close();
    }
    return { kind: 'local', store };
  }
  await inState.begin();
  releasers.push('spool', () => inState.close());
  if (existsSync(file)) {
    const left = await openLocal();
    try {
      await moved(left, inState, 'PostgreSQL');
    } finally {
      await left.close();
    }
  }
  return { kind: 'shared', store: inState };
}

async function adoptAll(store: SharedSpoolStore): Promise<void> {
  for (;;) {
    const adopted = await store.adopt({ size: Infinity, deadLetters: Infinity });
    if (adopted === undefined) return;
  }
}
