/** The state of a data folder that is moved to PostgreSQL. */
import { existsSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { HubError } from '../../kernel/errors.ts';
import { lockUsedDataDir, movedState, syncToDisk } from './data-dir.ts';
import type { Database } from './sqlite.ts';
import { openStateDatabase, stateMigrations } from './state-database.ts';

const state = 'state.db';

export interface LeavingState {
  database: Database;
  /** Closes the state, and renames its file. */
  setAside(): Promise<void>;
  /** Closes the state without renaming its file. */
  close(): Promise<void>;
}

/**
 * Locks the data folder and opens its state, which must be of this version.
 * @throws HubError `data-dir-in-use` while a hub runs on it · `data-dir-invalid` · `database-failed`
 */
export async function openLeavingState(dataDir: string): Promise<LeavingState> {
  if (existsSync(join(dataDir, movedState))) {
    const there = existsSync(join(dataDir, state));
    throw invalid(
      dataDir,
      there
        ? `it has ${movedState} of an earlier move as well as ${state}: put ${movedState} elsewhere first`
        : `its state has been moved already (${movedState} is left of it): start the hub with HUB_STATE_URL`,
    );
  }
  const lock = lockUsedDataDir(dataDir);
  try {
    demandSchema(dataDir);
    const database = await openStateDatabase(join(dataDir, state));
    const close = async (): Promise<void> => {
      await database.close();
      lock.release();
    };
    return {
      database,
      close,
      async setAside() {
        await database.close();
        await rename(join(dataDir, state), join(dataDir, movedState));
        await syncToDisk(dataDir);
        lock.release();
      },
    };
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** Refuses an older state; opening it refuses a newer one. */
function demandSchema(dataDir: string): void {
  const db = new DatabaseSync(join(dataDir, state));
  try {
    const done = Number(db.prepare('PRAGMA user_version').get()?.['user_version']);
    if (done >= stateMigrations.length) return;
    const wayOut = 'start this version of device-hub on it once, without HUB_STATE_URL, and stop it';
    throw invalid(
      dataDir,
      `its ${state} is of an older version (${done} of ${stateMigrations.length}); ${wayOut}`,
    );
  } finally {
    db.close();
  }
}

function invalid(dataDir: string, note: string): HubError {
  return new HubError('data-dir-invalid', `${dataDir}: ${note}`, { details: { dir: dataDir } });
}
