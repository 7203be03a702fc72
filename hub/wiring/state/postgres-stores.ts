import {
  createPostgresAlarms,
  createPostgresIncidents,
} from '../../adapters/postgres/postgres-alarm-store.ts';
import { createPostgresAudit, PostgresAuditRoom } from '../../adapters/postgres/postgres-audit-store.ts';
import { createPostgresCommands } from '../../adapters/postgres/postgres-command-store.ts';
import { createPostgresDevices } from '../../adapters/postgres/postgres-device-store.ts';
import { createPostgresGroupCommands } from '../../adapters/postgres/postgres-group-command-store.ts';
import {
  createPostgresLists,
  createPostgresRejects,
} from '../../adapters/postgres/postgres-history-store.ts';
import type { PostgresOwner } from '../../adapters/postgres/postgres-owner.ts';
import { createPostgresPresence } from '../../adapters/postgres/postgres-presence-store.ts';
import { createPostgresRollouts } from '../../adapters/postgres/postgres-rollout-store.ts';
import { postgresTables } from '../../adapters/postgres/postgres-state-tables.ts';
import {
  createPostgresGroupTwins,
  createPostgresTwins,
} from '../../adapters/postgres/postgres-twin-store.ts';
import { createPostgresWebhooks } from '../../adapters/postgres/postgres-webhook-store.ts';
import type { Postgres } from '../../adapters/postgres/postgres.ts';
import type { AuditStore } from '../../audit/audit.ts';
import { isSettled } from '../../commands/group/group-command.ts';
import { commonStores } from './common-stores.ts';
import type { AuditedWrites, StateStores } from './state-stores.ts';

/** @param kept how many entries stay; not given: as many as a hub keeps */
export function postgresAudit(db: Postgres, kept?: number): AuditStore {
  return createPostgresAudit(db, new PostgresAuditRoom(db, kept));
}

/** All ports over PostgreSQL. @param owner this start of this hub */
export function postgresStores(db: Postgres, owner: PostgresOwner, entries: AuditedWrites): StateStores {
  const room = new PostgresAuditRoom(db);
  return {
    ...commonStores(postgresTables(db, owner)),
    devices: createPostgresDevices(db, owner),
    presence: createPostgresPresence(db, owner),
    events: createPostgresLists(db, owner, 'event'),
    nacks: createPostgresLists(db, owner, 'nack'),
    rejects: createPostgresRejects(db, owner),
    commands: createPostgresCommands(db, owner, room, (command, first) => entries.command(command, first)),
    groupCommands: createPostgresGroupCommands(db, owner, isSettled),
    twins: createPostgresTwins(db, room, (device, change) => entries.twin(device, change)),
    groupTwins: createPostgresGroupTwins(db, owner),
    rollouts: createPostgresRollouts(db, owner),
    incidents: createPostgresIncidents(db, owner),
    alarms: createPostgresAlarms(db, owner),
    webhooks: createPostgresWebhooks(db, owner),
  };
}
