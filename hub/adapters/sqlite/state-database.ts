import { auditMigrations, auditOriginMigrations, auditShareMigrations } from './sqlite-audit-store.ts';
import { commandMigrations, commandRequesterMigrations } from './sqlite-command-store.ts';
import {
  groupCommandMigrations,
  groupCommandNameMigrations,
  groupCommandRequesterMigrations,
} from './sqlite-group-command-store.ts';
import { recordTableMigration } from './record-table-migration.ts';
import { historyMigrations } from './sqlite-history-store.ts';
import { incidentMigrations } from './sqlite-incident-store.ts';
import { groupTwinMigrations } from './sqlite-group-twin-store.ts';
import { twinMigrations } from './sqlite-twin-store.ts';
import { openDatabase, type Database, type DatabaseOptions } from './sqlite.ts';

/** Tables `(name, record)`, as in PostgreSQL, so that one store serves both databases. */
export const recordMigrations: readonly string[] = [
  `ALTER TABLE schedule RENAME COLUMN body TO record;
   ALTER TABLE webhook RENAME COLUMN body TO record;
   ALTER TABLE notice RENAME TO notice_in_columns;
   ${recordTableMigration('notice')}
   INSERT INTO notice SELECT id, json_patch(
       json_object('id', id, 'to', recipients, 'topic', topic, 'data', NULL, 'atMs', at_ms, 'createdMs', created_ms),
       json_object('actor', actor)) FROM notice_in_columns;
   UPDATE notice SET record = json_set(record, '$.data', json(data)) FROM notice_in_columns WHERE id = name;
   DROP TABLE notice_in_columns;
   ALTER TABLE silence RENAME TO silence_by_row;
   CREATE TABLE silence (
     seq INTEGER PRIMARY KEY AUTOINCREMENT,
     id TEXT NOT NULL UNIQUE,
     -- A Silence, as JSON.
     body TEXT NOT NULL
   ) STRICT;
   INSERT INTO silence (id, body) SELECT id, body FROM silence_by_row ORDER BY rowid;
   DROP TABLE silence_by_row;`,
];

/**
 * A file remembers how many of these have run, so each keeps its place permanently. Add every later change, also of the
 * command tables, at the end of this list.
 */
export const stateMigrations: readonly string[] = [
  `CREATE TABLE device (
     id TEXT PRIMARY KEY,
     type TEXT NOT NULL,
     site TEXT NOT NULL,
     secret_hash TEXT NOT NULL,
     created_ms REAL NOT NULL,
     disabled INTEGER NOT NULL
   ) STRICT, WITHOUT ROWID;

   -- Outlives its device: one that is added again goes on from its old epoch, or consumers would take its
   -- news for stale.
   CREATE TABLE device_epoch (
     device_id TEXT PRIMARY KEY,
     epoch INTEGER NOT NULL
   ) STRICT, WITHOUT ROWID;

   -- The hub's time at uptime 0 of a boot. opened_epoch: the newest session of that boot.
   CREATE TABLE boot_anchor (
     device_id TEXT NOT NULL,
     boot TEXT NOT NULL,
     anchor_ms REAL NOT NULL,
     uptime_ms REAL NOT NULL,
     opened_epoch INTEGER NOT NULL,
     PRIMARY KEY (device_id, boot)
   ) STRICT, WITHOUT ROWID;

   CREATE TABLE presence (
     device_id TEXT PRIMARY KEY,
     state TEXT NOT NULL,
     reason TEXT NOT NULL,
     since_ms REAL NOT NULL,
     epoch INTEGER NOT NULL,
     n INTEGER NOT NULL,
     until_ms REAL
   ) STRICT, WITHOUT ROWID;

   CREATE TABLE hub (
     one INTEGER PRIMARY KEY CHECK (one = 1),
     id TEXT NOT NULL,
     incarnation INTEGER NOT NULL
   ) STRICT;`,
  ...commandMigrations,
  ...auditMigrations,
  // A JSON object.
  `ALTER TABLE device ADD COLUMN labels TEXT NOT NULL DEFAULT '{}';`,
  ...groupCommandMigrations,
  `CREATE TABLE schedule (
     name TEXT PRIMARY KEY,
     body TEXT NOT NULL
   ) STRICT, WITHOUT ROWID;`,
  `-- A further anchor of a boot whose clock drifts: it holds from this uptime on.
   CREATE TABLE boot_anchor_step (
     device_id TEXT NOT NULL,
     boot TEXT NOT NULL,
     from_ms REAL NOT NULL,
     anchor_ms REAL NOT NULL,
     PRIMARY KEY (device_id, boot, from_ms)
   ) STRICT, WITHOUT ROWID;

   -- The latest time the hub has seen.
   CREATE TABLE hub_clock (
     one INTEGER PRIMARY KEY CHECK (one = 1),
     last_ms REAL NOT NULL
   ) STRICT;

   -- Up to where a job that goes on for ever has come.
   CREATE TABLE job_progress (
     job TEXT PRIMARY KEY,
     at_ms REAL NOT NULL
   ) STRICT, WITHOUT ROWID;`,
  `ALTER TABLE presence ADD COLUMN pong_ms REAL;
   ALTER TABLE presence ADD COLUMN frame_ms REAL;
   ALTER TABLE presence ADD COLUMN data_ms REAL;
   -- Of the last session: how long its silence may last.
   ALTER TABLE presence ADD COLUMN heartbeat_ms REAL;
   ALTER TABLE presence ADD COLUMN grace_ms REAL;`,
  `CREATE TABLE notice (
     id TEXT PRIMARY KEY,
     -- Selector.
     recipients TEXT NOT NULL,
     topic TEXT NOT NULL,
     data TEXT NOT NULL,
     at_ms REAL NOT NULL,
     created_ms REAL NOT NULL
   ) STRICT, WITHOUT ROWID;`,
  // A device may have several credentials, as a JSON list (`Credential[]`).
  `ALTER TABLE device ADD COLUMN credentials TEXT NOT NULL DEFAULT '[]';
   ALTER TABLE device ADD COLUMN rotation_due_ms REAL;
   UPDATE device SET credentials = json_array(json_object('id', 'first', 'kind', 'secret',
     'material', secret_hash, 'state', 'active', 'createdMs', created_ms));
   ALTER TABLE device DROP COLUMN secret_hash;`,
  recordTableMigration('operator_account'),
  recordTableMigration('operator_token'),
  recordTableMigration('enrolment'),
  recordTableMigration('enrolment_request'),
  // Before this table, the presence row of a device that no longer existed showed a removal without a hub.
  `CREATE TABLE removed_device (
     device_id TEXT PRIMARY KEY,
     commands_ended INTEGER NOT NULL
   ) STRICT, WITHOUT ROWID;
   INSERT INTO removed_device SELECT device_id, 0 FROM presence WHERE device_id NOT IN (SELECT id FROM device);
   DELETE FROM presence WHERE device_id NOT IN (SELECT id FROM device);`,
  ...incidentMigrations,
  ...auditOriginMigrations,
  ...commandRequesterMigrations,
  ...groupCommandRequesterMigrations,
  ...groupCommandNameMigrations,
  // The enrolment that registered the device; null: an operator did, or a hub that did not record it yet.
  `ALTER TABLE device ADD COLUMN enrolment_id TEXT;`,
  ...auditShareMigrations,
  // After a restore, devices registered later begin at this epoch: they may have existed before.
  `ALTER TABLE hub ADD COLUMN epoch_floor INTEGER NOT NULL DEFAULT 0;`,
  // Firmware, type version, address and clock of the device's latest session, as JSON (`LastSession`).
  `ALTER TABLE presence ADD COLUMN last_session TEXT;`,
  recordTableMigration('console_session'),
  // Who requested it; null: a hub accepted it that did not record this yet.
  `ALTER TABLE notice ADD COLUMN actor TEXT;`,
  ...historyMigrations,
  ...twinMigrations,
  ...groupTwinMigrations,
  `CREATE TABLE alarm (
     -- The empty text: the hub itself.
     device_id TEXT NOT NULL,
     source TEXT NOT NULL,
     n INTEGER NOT NULL,
     -- An AlarmRow, as JSON.
     body TEXT NOT NULL,
     PRIMARY KEY (device_id, source)
   ) STRICT, WITHOUT ROWID;

   CREATE TABLE silence (
     id TEXT PRIMARY KEY,
     -- A Silence, as JSON.
     body TEXT NOT NULL
   ) STRICT;`,
  `CREATE TABLE webhook (
     name TEXT PRIMARY KEY,
     -- A Webhook, as JSON, with its secret.
     body TEXT NOT NULL
   ) STRICT;

   -- What webhooks are owed, in order.
   CREATE TABLE webhook_delivery (
     seq INTEGER PRIMARY KEY AUTOINCREMENT,
     id TEXT NOT NULL UNIQUE,
     webhook TEXT NOT NULL,
     created_ms REAL NOT NULL,
     body TEXT NOT NULL
   ) STRICT;
   CREATE INDEX webhook_delivery_webhook ON webhook_delivery (webhook);`,
  `CREATE TABLE firmware (
     type TEXT NOT NULL,
     version TEXT NOT NULL,
     -- An Artifact, as JSON.
     body TEXT NOT NULL,
     PRIMARY KEY (type, version)
   ) STRICT, WITHOUT ROWID;

   CREATE TABLE rollout (
     seq INTEGER PRIMARY KEY AUTOINCREMENT,
     id TEXT NOT NULL UNIQUE,
     -- 1: no update of it goes on.
     settled INTEGER NOT NULL,
     ended_ms REAL,
     -- A Rollout, as JSON.
     body TEXT NOT NULL
   ) STRICT;

   CREATE TABLE rollout_target (
     rollout TEXT NOT NULL,
     n INTEGER NOT NULL,
     device TEXT NOT NULL,
     wave INTEGER NOT NULL,
     -- An Update, as JSON.
     body TEXT NOT NULL,
     PRIMARY KEY (rollout, n)
   ) STRICT, WITHOUT ROWID;`,
  ...recordMigrations,
  recordTableMigration('fleet_sample'),
  `-- When it was given up, and why; NULL: it is owed.
   ALTER TABLE webhook_delivery ADD COLUMN dead_ms REAL;
   ALTER TABLE webhook_delivery ADD COLUMN error TEXT;
   CREATE INDEX webhook_delivery_dead ON webhook_delivery (webhook, dead_ms) WHERE dead_ms IS NOT NULL;`,
];

/**
 * Opens `state.db`: devices, epochs, boot anchors, presence, the hub's own name, the command journal, the
 * audit, group commands and schedules, operators and enrolments, twins, alarms, silences and webhooks, firmware and rollouts.
 * @throws HubError `database-failed`
 */
export function openStateDatabase(
  file: string,
  options: Pick<DatabaseOptions, 'onFailure' | 'clock' | 'log'> = {},
): Promise<Database> {
  return openDatabase({ ...options, file, migrations: stateMigrations });
}
