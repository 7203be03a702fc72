import {
  createPostgresAlarms,
  createPostgresIncidents,
  createPostgresWebhooks,
} from '../../adapters/postgres/postgres-alarm-store.ts';
import { createPostgresAudit, PostgresAuditRoom } from '../../adapters/postgres/postgres-audit-store.ts';
import { createPostgresCommands } from '../../adapters/postgres/postgres-command-store.ts';
import { createPostgresDevices } from '../../adapters/postgres/postgres-device-store.ts';
import {
  createPostgresArtifacts,
  createPostgresRollouts,
} from '../../adapters/postgres/postgres-firmware-store.ts';
import { createPostgresGroupCommands } from '../../adapters/postgres/postgres-group-command-store.ts';
import {
  createPostgresLists,
  createPostgresRejects,
  createPostgresRemovals,
} from '../../adapters/postgres/postgres-history-store.ts';
import type { PostgresOwner } from '../../adapters/postgres/postgres-owner.ts';
import { createPostgresPresence } from '../../adapters/postgres/postgres-presence-store.ts';
import {
  createPostgresConsoleSessions,
  createPostgresDayCounts,
  createPostgresEnrolments,
  createPostgresHubClock,
  createPostgresNotices,
  createPostgresOperators,
  createPostgresSchedules,
  createPostgresSilences,
  createPostgresUpkeep,
} from '../../adapters/postgres/postgres-records.ts';
import {
  createPostgresGroupTwins,
  createPostgresTwins,
} from '../../adapters/postgres/postgres-twin-store.ts';
import type { Postgres } from '../../adapters/postgres/postgres.ts';
import type { AuditStore } from '../../audit/audit.ts';
import { isSettled } from '../../commands/group/group-command.ts';
import type { AuditedWrites, StateStores } from './state-stores.ts';

/** @param kept how many entries stay; not given: as many as a hub keeps */
export function postgresAudit(db: Postgres, kept?: number): AuditStore {
  return createPostgresAudit(db, new PostgresAuditRoom(db, kept));
}

/** All ports over PostgreSQL. @param owner this start of this hub */
export function postgresStores(db: Postgres, owner: PostgresOwner, entries: AuditedWrites): StateStores {
  const room = new PostgresAuditRoom(db);
  return {
    devices: createPostgresDevices(db, owner),
    presence: createPostgresPresence(db, owner),
    removals: createPostgresRemovals(db),
    events: createPostgresLists(db, 'event'),
    nacks: createPostgresLists(db, 'nack'),
    rejects: createPostgresRejects(db),
    dayCounts: createPostgresDayCounts(db),
    commands: createPostgresCommands(db, owner, room, (command, first) => entries.command(command, first)),
    groupCommands: createPostgresGroupCommands(db, isSettled),
    twins: createPostgresTwins(db, room, (device, change) => entries.twin(device, change)),
    groupTwins: createPostgresGroupTwins(db),
    artifacts: createPostgresArtifacts(db),
    rollouts: createPostgresRollouts(db),
    schedules: createPostgresSchedules(db),
    notices: createPostgresNotices(db),
    operators: createPostgresOperators(db),
    consoleSessions: createPostgresConsoleSessions(db),
    enrolments: createPostgresEnrolments(db),
    incidents: createPostgresIncidents(db),
    alarms: createPostgresAlarms(db),
    silences: createPostgresSilences(db),
    webhooks: createPostgresWebhooks(db),
    hubClock: createPostgresHubClock(db),
    upkeep: createPostgresUpkeep(db),
  };
}
