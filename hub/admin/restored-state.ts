import type { AuditStore } from '../audit/audit.ts';
import type { GroupCommandJournal } from '../commands/group/group-command-journal.ts';
import type { CommandJournal } from '../commands/journal.ts';
import { leapOf } from '../presence/epoch-leap.ts';
import { passedOver } from '../schedules/schedule.ts';
import type { ScheduleStore } from '../schedules/schedules.ts';
import type { BackupManifest } from '../../schemas/backup/backup-manifest.ts';
import { settleRestored, type RestoredCommands } from './restored-commands.ts';

/** The stores of a state that was just restored. */
export interface RestoredStores {
  /** Raises the number of the hub's starts and the epochs of all devices. @throws HubError `database-failed` */
  leapAhead(by: number, nowMs: number): Promise<void>;
  commands: CommandJournal;
  groupCommands: GroupCommandJournal;
  schedules: ScheduleStore;
  audit: Pick<AuditStore, 'append'>;
}

/** Prepares a restored state for the next start of a hub. @throws HubError `database-failed` */
export async function prepareRestored(
  stores: RestoredStores,
  { madeAt, version }: Pick<BackupManifest, 'madeAt' | 'version'>,
  nowMs: number,
): Promise<RestoredCommands> {
  await stores.leapAhead(leapOf(nowMs - Date.parse(madeAt)), nowMs);
  const settled = await settleRestored(stores.commands, stores.groupCommands, nowMs);
  const { schedules } = stores;
  for (const schedule of await schedules.load()) await schedules.save(passedOver(schedule, nowMs));
  await stores.audit.append({
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
