import { backUp } from '../adapters/sqlite/backup/backup.ts';
import { restore } from '../adapters/sqlite/backup/restore.ts';
import { createAuditStore } from '../adapters/sqlite/sqlite-audit-store.ts';
import { createCommandStore } from '../adapters/sqlite/sqlite-command-store.ts';
import { createGroupCommandStore } from '../adapters/sqlite/sqlite-group-command-store.ts';
import { leapAhead } from '../adapters/sqlite/backup/sqlite-restore-store.ts';
import { createScheduleStore } from '../adapters/sqlite/sqlite-schedule-store.ts';
import type { Database } from '../adapters/sqlite/sqlite.ts';
import { isSettled } from '../commands/group/group-command.ts';
import { settleRestored, type RestoredCommands } from '../admin/restored-commands.ts';
import type { Config } from '../config/config.ts';
import { HubError } from '../kernel/errors.ts';
import { leapOf } from '../presence/epoch-leap.ts';
import { passedOver } from '../schedules/schedule.ts';
import type { BackupManifest, BackupProgress } from '../../schemas/backup/backup-manifest.ts';
import type { Clock } from '../../schemas/time/clock.ts';

interface Deps {
  clock: Clock;
  version: string;
}

/** @throws HubError `data-dir-invalid` · `backup-failed` */
export function backUpHub(
  config: Config,
  folder: string,
  deps: Deps & { progress: (progress: BackupProgress) => void },
): Promise<BackupManifest> {
  notElsewhere(config);
  const { dataDir, schemasDir } = config;
  return backUp({ ...deps, dataDir, folder, deviceTypesDir: schemasDir });
}

/** @throws HubError `backup-invalid` · `data-dir-invalid` · `database-failed` */
export async function restoreHub(
  config: Config,
  folder: string,
  deps: Deps,
): Promise<BackupManifest & RestoredCommands> {
  notElsewhere(config);
  const { dataDir } = config;
  const { manifest, prepared } = await restore({
    folder,
    dataDir,
    version: deps.version,
    prepare: (state, made) => prepare(state, made, deps.clock),
  });
  return { ...manifest, ...prepared };
}

/** @throws HubError `data-dir-invalid` when most of what belongs into a backup is not in the data folder */
function notElsewhere({ state }: Config): void {
  if (state === undefined) return;
  const note = 'its state is in PostgreSQL (HUB_STATE_URL): back that up with the tools of PostgreSQL';
  throw new HubError('data-dir-invalid', note);
}

/** Prepares a restored state for the next start of a hub. */
async function prepare(
  state: Database,
  { madeAt, version }: BackupManifest,
  clock: Clock,
): Promise<RestoredCommands> {
  const nowMs = clock.now();
  await leapAhead(state, leapOf(nowMs - Date.parse(madeAt)), nowMs);
  const groups = createGroupCommandStore(state, isSettled);
  const settled = await settleRestored(createCommandStore(state), groups, nowMs);
  const schedules = createScheduleStore(state);
  for (const schedule of await schedules.load()) await schedules.save(passedOver(schedule, nowMs));
  await createAuditStore(state).append({
    timeMs: nowMs,
    actor: 'local',
    origin: 'cli',
    action: 'hub.restore',
    subject: madeAt,
    outcome: 'done',
    details: { version, ...settled },
  });
  return settled;
}
