import { createAlarmStore } from '../../adapters/sqlite/alarms/sqlite-alarm-store.ts';
import { createWebhookStore } from '../../adapters/sqlite/alarms/sqlite-webhook-store.ts';
import { auditInSameTransaction, createAuditStore } from '../../adapters/sqlite/sqlite-audit-store.ts';
import { createCommandStore } from '../../adapters/sqlite/sqlite-command-store.ts';
import { createDeviceStore } from '../../adapters/sqlite/sqlite-device-store.ts';
import { createGroupCommandStore } from '../../adapters/sqlite/sqlite-group-command-store.ts';
import { createGroupTwinStore } from '../../adapters/sqlite/sqlite-group-twin-store.ts';
import { createDeviceListStore, createRejectStore } from '../../adapters/sqlite/sqlite-history-store.ts';
import { createHubIdentityStore } from '../../adapters/sqlite/sqlite-hub-identity-store.ts';
import { createIncidentStore } from '../../adapters/sqlite/sqlite-incident-store.ts';
import { createPresenceStore } from '../../adapters/sqlite/sqlite-presence-store.ts';
import { createRolloutStore } from '../../adapters/sqlite/sqlite-rollout-store.ts';
import { sqliteTables } from '../../adapters/sqlite/sqlite-state-tables.ts';
import { createTwinStore } from '../../adapters/sqlite/sqlite-twin-store.ts';
import type { Database } from '../../adapters/sqlite/sqlite.ts';
import { isSettled } from '../../commands/group/group-command.ts';
import { commonStores } from './common-stores.ts';
import type { AuditedWrites, FirstStores, StateStores } from './state-stores.ts';

export function firstSqliteStores(db: Database): FirstStores {
  return { audit: createAuditStore(db), identity: createHubIdentityStore(db) };
}

/** All ports over `state.db`. */
export function sqliteStores(db: Database, entries: AuditedWrites): StateStores {
  const besideCommand = auditInSameTransaction();
  const besideTwin = auditInSameTransaction();
  return {
    ...commonStores(sqliteTables(db)),
    devices: createDeviceStore(db),
    presence: createPresenceStore(db),
    events: createDeviceListStore(db, 'event'),
    nacks: createDeviceListStore(db, 'nack'),
    rejects: createRejectStore(db),
    commands: createCommandStore(db, (command, first) => besideCommand(entries.command(command, first))),
    groupCommands: createGroupCommandStore(db, isSettled),
    twins: createTwinStore(db, (device, change) => besideTwin(entries.twin(device, change))),
    groupTwins: createGroupTwinStore(db),
    rollouts: createRolloutStore(db),
    incidents: createIncidentStore(db),
    alarms: createAlarmStore(db),
    webhooks: createWebhookStore(db),
  };
}
