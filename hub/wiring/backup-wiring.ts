import { createSchedules } from '../adapters/rows/record-stores.ts';
import { backUp } from '../adapters/sqlite/backup/backup.ts';
import { restore } from '../adapters/sqlite/backup/restore.ts';
import { createAuditStore } from '../adapters/sqlite/sqlite-audit-store.ts';
import { createCommandStore } from '../adapters/sqlite/sqlite-command-store.ts';
import { createGroupCommandStore } from '../adapters/sqlite/sqlite-group-command-store.ts';
import { leapAhead } from '../adapters/sqlite/backup/sqlite-restore-store.ts';
import { sqliteTables } from '../adapters/sqlite/sqlite-state-tables.ts';
import type { Database } from '../adapters/sqlite/sqlite.ts';
import { isSettled } from '../commands/group/group-command.ts';
import type { RestoredCommands } from '../admin/restored-commands.ts';
import { prepareRestored, type RestoredStores } from '../admin/restored-state.ts';
import type { Config } from '../config/config.ts';
import { demandStateHere } from '../config/state-place.ts';
import type { BackupManifest, BackupProgress } from '../../schemas/backup/backup-manifest.ts';
import type { Clock } from '../../schemas/time/clock.ts';

interface Deps {
  clock: Clock;
  version: string;
}

const wayOut = ': back that up with the tools of PostgreSQL';

/** @throws HubError `data-dir-invalid` · `backup-failed` */
export function backUpHub(
  config: Config,
  folder: string,
  deps: Deps & { progress: (progress: BackupProgress) => void },
): Promise<BackupManifest> {
  demandStateHere(config, wayOut);
  const { dataDir, schemasDir } = config;
  return backUp({ ...deps, dataDir, folder, deviceTypesDir: schemasDir });
}

/** @throws HubError `backup-invalid` · `data-dir-invalid` · `database-failed` */
export async function restoreHub(
  config: Config,
  folder: string,
  deps: Deps,
): Promise<BackupManifest & RestoredCommands> {
  demandStateHere(config, wayOut);
  const { dataDir } = config;
  const { manifest, prepared } = await restore({
    folder,
    dataDir,
    version: deps.version,
    prepare: (state, made) => prepareRestored(storesOf(state), made, deps.clock.now()),
  });
  return { ...manifest, ...prepared };
}

function storesOf(state: Database): RestoredStores {
  return {
    leapAhead: (by, nowMs) => leapAhead(state, by, nowMs),
    commands: createCommandStore(state),
    groupCommands: createGroupCommandStore(state, isSettled),
    schedules: createSchedules(sqliteTables(state)),
    audit: createAuditStore(state),
  };
}
