import type { DeviceEvent } from '../../../schemas/api/presence.ts';
import type { NackRow } from '../../../schemas/api/telemetry/rejects.ts';
import type { DayCountStore } from '../../admin/day-counts.ts';
import type { FleetCourseStore } from '../../admin/fleet-course.ts';
import type { RejectStore } from '../../admin/rejects.ts';
import type { AlarmStore, SilenceStore } from '../../alarms/alarm-store.ts';
import type { WebhookStore } from '../../alarms/webhook-store.ts';
import type { AuditEntry, AuditEvent, AuditStore } from '../../audit/audit.ts';
import { stateEvent } from '../../commands/command-audit.ts';
import type { Command } from '../../commands/command.ts';
import type { GroupCommandJournal } from '../../commands/group/group-command-journal.ts';
import type { CommandJournal } from '../../commands/journal.ts';
import type { ArtifactStore } from '../../firmware/artifacts/artifact-store.ts';
import type { RolloutStore } from '../../firmware/rollouts/rollout-store.ts';
import type { EnrolmentStore } from '../../identity/enrolment.ts';
import type { IncidentStore } from '../../incidents/incident-log.ts';
import type { DeviceListStore } from '../../kernel/device-lists.ts';
import type { NoticeStore } from '../../notices/notices.ts';
import type { ConsoleSessionStore } from '../../operators/console-sessions.ts';
import type { OperatorStore } from '../../operators/operator-store.ts';
import type { PresenceStore } from '../../presence/presence-store.ts';
import type { DeviceStore } from '../../registry/device-store.ts';
import type { RemovalStore } from '../../registry/removals.ts';
import type { ScheduleStore } from '../../schedules/schedules.ts';
import type { HubClockStore } from '../../telemetry/clock/hub-clock.ts';
import type { UpkeepProgress } from '../../telemetry/upkeep.ts';
import type { GroupTwinStore } from '../../twins/group/group-twin-store.ts';
import type { DesiredChange, TwinStore } from '../../twins/twin-store.ts';
import { changeEvent } from '../../twins/twins.ts';

/** The hub's name and the number of its starts. */
export interface HubIdentityStore {
  /** Created at the first start, and permanent. @throws HubError `database-failed` */
  hubId(): Promise<string>;
  /** To be called once a start: 1, 2, …; synced before it is answered. @throws HubError `database-failed` */
  nextIncarnation(): Promise<number>;
}

/** Everything the hub remembers between two starts, one port each. `test/contract/` says what each promises. */
export interface StateStores {
  devices: DeviceStore;
  presence: PresenceStore;
  removals: RemovalStore;
  /** What happened to each device. */
  events: DeviceListStore<DeviceEvent>;
  /** What was refused of each device. */
  nacks: DeviceListStore<NackRow>;
  rejects: RejectStore;
  dayCounts: DayCountStore;
  fleetCourse: FleetCourseStore;
  commands: CommandJournal;
  groupCommands: GroupCommandJournal;
  twins: TwinStore;
  groupTwins: GroupTwinStore;
  artifacts: ArtifactStore;
  rollouts: RolloutStore;
  schedules: ScheduleStore;
  notices: NoticeStore;
  operators: OperatorStore;
  consoleSessions: ConsoleSessionStore;
  enrolments: EnrolmentStore;
  incidents: IncidentStore;
  alarms: AlarmStore;
  silences: SilenceStore;
  webhooks: WebhookStore;
  hubClock: HubClockStore;
  upkeep: UpkeepProgress;
}

/** What every kind of state database opens before the rest, because the rest is audited. */
export interface FirstStores {
  audit: AuditStore;
  identity: HubIdentityStore;
}

/** The audit entries that are written together with the row that they report. */
export interface AuditedWrites {
  command(command: Command, first: boolean): AuditEntry;
  twin(device: string, change: DesiredChange): AuditEntry;
}

export function auditedWrites(entryOf: (event: AuditEvent) => AuditEntry): AuditedWrites {
  return {
    command: (command, first) => entryOf(stateEvent(command, first)),
    twin: (device, change) => entryOf(changeEvent(device, change)),
  };
}
