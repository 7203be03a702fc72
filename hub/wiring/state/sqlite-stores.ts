import { createAlarmStore } from '../../adapters/sqlite/alarms/sqlite-alarm-store.ts';
import { createSilenceStore } from '../../adapters/sqlite/alarms/sqlite-silence-store.ts';
import { createWebhookStore } from '../../adapters/sqlite/alarms/sqlite-webhook-store.ts';
import { createArtifactStore } from '../../adapters/sqlite/firmware/sqlite-artifact-store.ts';
import { createRolloutStore } from '../../adapters/sqlite/firmware/sqlite-rollout-store.ts';
import { auditInSameTransaction, createAuditStore } from '../../adapters/sqlite/sqlite-audit-store.ts';
import { createCommandStore } from '../../adapters/sqlite/sqlite-command-store.ts';
import { createConsoleSessionStore } from '../../adapters/sqlite/sqlite-console-session-store.ts';
import { createDeviceStore } from '../../adapters/sqlite/sqlite-device-store.ts';
import { createEnrolmentStore } from '../../adapters/sqlite/sqlite-enrolment-store.ts';
import { createGroupCommandStore } from '../../adapters/sqlite/sqlite-group-command-store.ts';
import { createGroupTwinStore } from '../../adapters/sqlite/sqlite-group-twin-store.ts';
import {
  createDayCountStore,
  createDeviceListStore,
  createRejectStore,
} from '../../adapters/sqlite/sqlite-history-store.ts';
import { createHubClockStore } from '../../adapters/sqlite/sqlite-hub-clock-store.ts';
import { createHubIdentityStore } from '../../adapters/sqlite/sqlite-hub-identity-store.ts';
import { createIncidentStore } from '../../adapters/sqlite/sqlite-incident-store.ts';
import { createNoticeStore } from '../../adapters/sqlite/sqlite-notice-store.ts';
import { createOperatorStore } from '../../adapters/sqlite/sqlite-operator-store.ts';
import { createPresenceStore } from '../../adapters/sqlite/sqlite-presence-store.ts';
import { createRemovalStore } from '../../adapters/sqlite/sqlite-removal-store.ts';
import { createScheduleStore } from '../../adapters/sqlite/sqlite-schedule-store.ts';
import { createTwinStore } from '../../adapters/sqlite/sqlite-twin-store.ts';
import type { Database } from '../../adapters/sqlite/sqlite.ts';
import { createUpkeepProgress } from '../../adapters/sqlite/upkeep-progress.ts';
import { isSettled } from '../../commands/group/group-command.ts';
import type { AuditedWrites, FirstStores, StateStores } from './state-stores.ts';

export function firstSqliteStores(db: Database): FirstStores {
  return { audit: createAuditStore(db), identity: createHubIdentityStore(db) };
}

/** All ports over `state.db`. */
export function sqliteStores(db: Database, entries: AuditedWrites): StateStores {
  const besideCommand = auditInSameTransaction();
  const besideTwin = auditInSameTransaction();
  return {
    devices: createDeviceStore(db),
    presence: createPresenceStore(db),
    removals: createRemovalStore(db),
    events: createDeviceListStore(db, 'event'),
    nacks: createDeviceListStore(db, 'nack'),
    rejects: createRejectStore(db),
    dayCounts: createDayCountStore(db),
    commands: createCommandStore(db, (command, first) => besideCommand(entries.command(command, first))),
    groupCommands: createGroupCommandStore(db, isSettled),
    twins: createTwinStore(db, (device, change) => besideTwin(entries.twin(device, change))),
    groupTwins: createGroupTwinStore(db),
    artifacts: createArtifactStore(db),
    rollouts: createRolloutStore(db),
    schedules: createScheduleStore(db),
    notices: createNoticeStore(db),
    operators: createOperatorStore(db),
    consoleSessions: createConsoleSessionStore(db),
    enrolments: createEnrolmentStore(db),
    incidents: createIncidentStore(db),
    alarms: createAlarmStore(db),
    silences: createSilenceStore(db),
    webhooks: createWebhookStore(db),
    hubClock: createHubClockStore(db),
    upkeep: createUpkeepProgress(db),
  };
}
