import { acceptCommandsAgain, saveCommandsAgain } from './postgres-functions.ts';

/**
 * The tables that one hub or several share, in the order in which they were added. A database remembers how many of these
 * statements have run, so each keeps its place permanently. Each only adds, because hubs of the previous release may still run.
 *
 * Times are Unix ms. JSON is kept as text, exactly as it was written. The rows of devices and commands name the hub that owns
 * them (`hub`, `inc`). Every write names its hub, every takeover changes these columns, and the lock of the row puts the two
 * in order. So a late write changes no row.
 */
export const postgresMigrations: readonly string[] = [
  `-- A row for each start of a hub, for a day after its end. state: up, draining, left, dead.
   CREATE TABLE hub (
     id text NOT NULL,
     inc bigint NOT NULL,
     state text NOT NULL DEFAULT 'up',
     beat bigint NOT NULL DEFAULT 0,
     version text NOT NULL DEFAULT '',
     ended_at timestamptz,
     PRIMARY KEY (id, inc)
   ) WITH (fillfactor = 50);

   -- What one hub of all does. It is worth as much as the hub that holds it: no clock is in it, and no renewal of its own. The token
   -- rises with each holder.
   CREATE TABLE lease (name text PRIMARY KEY, hub text, inc bigint, token bigint NOT NULL DEFAULT 0);
   INSERT INTO lease (name) VALUES ('leader'), ('gate');

   CREATE TABLE device (
     id text COLLATE "C" PRIMARY KEY,
     type text NOT NULL,
     site text NOT NULL,
     credentials text NOT NULL,
     created_ms float8 NOT NULL,
     disabled boolean NOT NULL,
     rotation_due_ms float8,
     labels text NOT NULL DEFAULT '{}',
     enrolment_id text
   );

   -- Epoch, owner and presence: a takeover is one write. It outlives its device, because one that is registered again goes on
   -- from its epoch. State changes stay on their page: no index holds a column that changes often.
   CREATE TABLE device_state (
     device_id text COLLATE "C" PRIMARY KEY,
     epoch bigint NOT NULL DEFAULT 0,
     hub text,
     inc bigint,
     -- It had a session since it was registered.
     connected_before boolean NOT NULL DEFAULT false,
     state text,
     reason text,
     since_ms float8,
     n bigint NOT NULL DEFAULT 0,
     until_ms float8,
     pong_ms float8,
     frame_ms float8,
     data_ms float8,
     heartbeat_ms float8,
     grace_ms float8,
     last_session text
   ) WITH (fillfactor = 70);
   CREATE INDEX device_state_owner ON device_state (hub, inc);

   -- Devices that other hubs have to read again, by the transaction that changed them: what is committed late is not missed.
   CREATE TABLE device_change (
     xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
     device_id text COLLATE "C" NOT NULL,
     at timestamptz NOT NULL DEFAULT now()
   );
   CREATE INDEX device_change_xid ON device_change (xid);
   CREATE INDEX device_change_age ON device_change (at);
   CREATE FUNCTION note_devices() RETURNS trigger LANGUAGE plpgsql AS $body$
   BEGIN
     INSERT INTO device_change (device_id) SELECT id FROM changed;
     RETURN NULL;
   END $body$;
   CREATE TRIGGER device_added AFTER INSERT ON device REFERENCING NEW TABLE AS changed
     FOR EACH STATEMENT EXECUTE FUNCTION note_devices();
   CREATE TRIGGER device_changed AFTER UPDATE ON device REFERENCING NEW TABLE AS changed
     FOR EACH STATEMENT EXECUTE FUNCTION note_devices();
   CREATE TRIGGER device_removed AFTER DELETE ON device REFERENCING OLD TABLE AS changed
     FOR EACH STATEMENT EXECUTE FUNCTION note_devices();

   CREATE TABLE boot_anchor (
     device_id text COLLATE "C" NOT NULL,
     boot text NOT NULL,
     anchor_ms float8 NOT NULL,
     uptime_ms float8 NOT NULL,
     opened_epoch bigint NOT NULL,
     PRIMARY KEY (device_id, boot)
   ) WITH (fillfactor = 80);

   CREATE TABLE boot_anchor_step (
     device_id text COLLATE "C" NOT NULL,
     boot text NOT NULL,
     from_ms float8 NOT NULL,
     anchor_ms float8 NOT NULL,
     PRIMARY KEY (device_id, boot, from_ms)
   );

   CREATE TABLE removed_device (device_id text COLLATE "C" PRIMARY KEY, commands_ended boolean NOT NULL);

   CREATE TABLE device_list (
     device_id text COLLATE "C" NOT NULL,
     kind text NOT NULL,
     entries text NOT NULL,
     PRIMARY KEY (device_id, kind)
   ) WITH (fillfactor = 80);

   CREATE TABLE reject (key text PRIMARY KEY, last_ms float8 NOT NULL, entry text NOT NULL);
   CREATE TABLE reject_other (one boolean PRIMARY KEY CHECK (one), count bigint NOT NULL);

   CREATE TABLE command (
     seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
     device text COLLATE "C" NOT NULL,
     id text COLLATE "C" NOT NULL,
     name text NOT NULL,
     status text NOT NULL,
     final boolean NOT NULL,
     owed boolean NOT NULL,
     accepted_ms float8 NOT NULL,
     changed_ms float8 NOT NULL,
     body text NOT NULL,
     hub text,
     inc bigint,
     -- Rises with each owner: what an earlier one has sent and is still on its way comes too late, even to the same hub.
     moves bigint NOT NULL DEFAULT 0,
     answer_topic text,
     answer_correlation bytea,
     UNIQUE (device, id)
   ) WITH (fillfactor = 70);
   CREATE INDEX command_lane ON command (device) WHERE NOT final OR owed;
   CREATE INDEX command_open ON command (seq) WHERE NOT final;
   CREATE INDEX command_owed ON command (seq) WHERE owed;
   CREATE INDEX command_new ON command (hub, inc) WHERE status = 'accepted';
   CREATE INDEX command_ended ON command (changed_ms) WHERE final AND NOT owed;

   CREATE TABLE command_delivery (key text PRIMARY KEY, expires_ms float8 NOT NULL);
   CREATE INDEX command_delivery_expiry ON command_delivery (expires_ms);

   CREATE TABLE device_group (name text COLLATE "C" PRIMARY KEY, selector text NOT NULL);
   CREATE TABLE group_command (
     seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
     id text NOT NULL UNIQUE,
     status text NOT NULL,
     owed boolean NOT NULL,
     ended_ms float8,
     body text NOT NULL,
     answer_correlation bytea,
     -- Which hub runs it.
     hub text,
     inc bigint
   );
   CREATE TABLE group_command_target (
     group_command text NOT NULL,
     n int NOT NULL,
     device text NOT NULL,
     status text NOT NULL,
     reason text,
     settled boolean NOT NULL,
     PRIMARY KEY (group_command, n)
   );
   CREATE INDEX group_command_target_open ON group_command_target (group_command) WHERE NOT settled;

   CREATE TABLE twin (
     device_id text COLLATE "C" PRIMARY KEY,
     rev bigint NOT NULL,
     changed_ms float8 NOT NULL,
     desired text NOT NULL,
     reported text NOT NULL,
     reported_ms float8,
     dealt_rev bigint NOT NULL,
     errors text NOT NULL,
     verdict_ms float8 NOT NULL
   ) WITH (fillfactor = 80);
   CREATE TABLE twin_change (
     device_id text COLLATE "C" NOT NULL,
     rev bigint NOT NULL,
     time_ms float8 NOT NULL,
     actor text NOT NULL,
     origin text NOT NULL,
     patch text NOT NULL,
     dropped text,
     PRIMARY KEY (device_id, rev)
   );
   CREATE TABLE group_twin (
     seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
     id text NOT NULL UNIQUE,
     status text NOT NULL,
     ended_ms float8,
     body text NOT NULL
   );
   CREATE TABLE group_twin_target (
     group_twin text NOT NULL,
     n int NOT NULL,
     device text NOT NULL,
     status text NOT NULL,
     reason text,
     PRIMARY KEY (group_twin, n)
   );

   CREATE TABLE firmware (
     type text COLLATE "C" NOT NULL,
     version text COLLATE "C" NOT NULL,
     body text NOT NULL,
     PRIMARY KEY (type, version)
   );
   CREATE TABLE rollout (
     seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
     id text NOT NULL UNIQUE,
     -- No update of it goes on.
     settled boolean NOT NULL,
     ended_ms float8,
     body text NOT NULL
   );
   CREATE TABLE rollout_target (
     rollout text NOT NULL,
     n int NOT NULL,
     device text NOT NULL,
     wave int NOT NULL,
     body text NOT NULL,
     PRIMARY KEY (rollout, n)
   ) WITH (fillfactor = 80);

   -- Few rows each, read whole: the name, and the record as JSON.
   CREATE TABLE schedule (name text COLLATE "C" PRIMARY KEY, record text NOT NULL);
   CREATE TABLE operator_account (name text COLLATE "C" PRIMARY KEY, record text NOT NULL);
   CREATE TABLE operator_token (name text COLLATE "C" PRIMARY KEY, record text NOT NULL);
   CREATE TABLE console_session (name text COLLATE "C" PRIMARY KEY, record text NOT NULL);
   CREATE TABLE enrolment (name text COLLATE "C" PRIMARY KEY, record text NOT NULL);
   CREATE TABLE enrolment_request (name text COLLATE "C" PRIMARY KEY, record text NOT NULL);
   CREATE TABLE day_count (name text COLLATE "C" PRIMARY KEY, record text NOT NULL);
   CREATE TABLE webhook (name text COLLATE "C" PRIMARY KEY, record text NOT NULL);
   CREATE TABLE notice (name text COLLATE "C" PRIMARY KEY, record text NOT NULL);

   CREATE TABLE silence (seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, id text NOT NULL UNIQUE, body text NOT NULL);
   CREATE TABLE webhook_delivery (
     seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
     id text NOT NULL UNIQUE,
     webhook text NOT NULL,
     created_ms float8 NOT NULL,
     body text NOT NULL
   );
   -- device_id: the empty text is the hub itself.
   CREATE TABLE alarm (
     device_id text COLLATE "C" NOT NULL,
     source text NOT NULL,
     n bigint NOT NULL,
     body text NOT NULL,
     PRIMARY KEY (device_id, source)
   ) WITH (fillfactor = 80);
   CREATE TABLE incident (
     seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
     id text NOT NULL UNIQUE,
     since_ms float8 NOT NULL,
     open boolean NOT NULL,
     body text NOT NULL
   );
   CREATE INDEX incident_age ON incident (open, since_ms);

   -- A state that comes from a data folder, or has come: whose it is, and after how many starts. report: what both sides have; null
   -- until they are the same. progress: up to which key of a table.
   CREATE TABLE state_move (one boolean PRIMARY KEY CHECK (one), hub text NOT NULL, inc bigint NOT NULL, report text);
   CREATE TABLE state_move_table (name text PRIMARY KEY, progress text NOT NULL);
   -- From which epoch devices begin that are registered from now on, because they may have existed before.
   CREATE TABLE epoch_floor (one boolean PRIMARY KEY CHECK (one), epoch bigint NOT NULL);

   CREATE TABLE hub_clock (one boolean PRIMARY KEY CHECK (one), last_ms float8 NOT NULL);
   CREATE TABLE job_progress (job text PRIMARY KEY, at_ms float8 NOT NULL);

   CREATE TABLE audit (
     seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
     time_ms float8 NOT NULL,
     actor text NOT NULL,
     origin text NOT NULL,
     action text NOT NULL,
     subject text NOT NULL,
     outcome text NOT NULL,
     details text NOT NULL,
     -- Whose it is when room is counted: strangers are one.
     source text GENERATED ALWAYS AS (CASE WHEN actor LIKE 'address:%' THEN 'address' ELSE actor END) STORED
   );
   CREATE INDEX audit_by_source ON audit (source, seq);
   CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $body$
   BEGIN
     RAISE EXCEPTION 'the audit is append-only';
   END $body$;
   CREATE TRIGGER audit_is_append_only BEFORE UPDATE ON audit FOR EACH ROW EXECUTE FUNCTION audit_is_append_only();`,
  'CREATE TABLE fleet_sample (name text COLLATE "C" PRIMARY KEY, record text NOT NULL);',
];

/** Later additions. */
export const postgresAdditions: readonly string[] = [
  `-- Where the others ask it, as JSON: an address, the authority of its certificate, a token.
   ALTER TABLE hub ADD COLUMN peer text`,
  `-- When it was given up, and why; NULL: it is owed.
   ALTER TABLE webhook_delivery ADD COLUMN dead_ms float8, ADD COLUMN error text;
   CREATE INDEX webhook_delivery_dead ON webhook_delivery (webhook, dead_ms) WHERE dead_ms IS NOT NULL`,
  `-- Of each change of an alarm, so that of two hubs that change it at once the second learns what the first has made of it.
   CREATE SEQUENCE alarm_rev;
   ALTER TABLE alarm ADD COLUMN rev bigint NOT NULL DEFAULT nextval('alarm_rev');
   CREATE FUNCTION count_alarm() RETURNS trigger LANGUAGE plpgsql AS $body$
   BEGIN
     NEW.rev := nextval('alarm_rev');
     RETURN NEW;
   END $body$;
   CREATE TRIGGER alarm_counted BEFORE UPDATE ON alarm FOR EACH ROW EXECUTE FUNCTION count_alarm();

   -- What hubs have to read again, as in device_change. device_id null: all silences or webhooks, as source says.
   CREATE TABLE alarm_change (
     xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
     device_id text COLLATE "C",
     source text NOT NULL,
     at timestamptz NOT NULL DEFAULT now()
   );
   CREATE INDEX alarm_change_xid ON alarm_change (xid);
   CREATE INDEX alarm_change_age ON alarm_change (at);
   CREATE FUNCTION note_alarms() RETURNS trigger LANGUAGE plpgsql AS $body$
   BEGIN
     INSERT INTO alarm_change (device_id, source) SELECT device_id, source FROM changed;
     RETURN NULL;
   END $body$;
   CREATE TRIGGER alarm_added AFTER INSERT ON alarm REFERENCING NEW TABLE AS changed
     FOR EACH STATEMENT EXECUTE FUNCTION note_alarms();
   CREATE TRIGGER alarm_changed AFTER UPDATE ON alarm REFERENCING NEW TABLE AS changed
     FOR EACH STATEMENT EXECUTE FUNCTION note_alarms();
   CREATE TRIGGER alarm_dropped AFTER DELETE ON alarm REFERENCING OLD TABLE AS changed
     FOR EACH STATEMENT EXECUTE FUNCTION note_alarms();
   CREATE FUNCTION note_table() RETURNS trigger LANGUAGE plpgsql AS $body$
   BEGIN
     INSERT INTO alarm_change (source) VALUES (TG_TABLE_NAME);
     RETURN NULL;
   END $body$;
   CREATE TRIGGER silence_changed AFTER INSERT OR UPDATE OR DELETE ON silence
     FOR EACH STATEMENT EXECUTE FUNCTION note_table();
   CREATE TRIGGER webhook_changed AFTER INSERT OR UPDATE OR DELETE ON webhook
     FOR EACH STATEMENT EXECUTE FUNCTION note_table();`,
  acceptCommandsAgain,
  `-- Which hub sends it; NULL: the leader has not claimed it yet.
   ALTER TABLE webhook_delivery ADD COLUMN hub text, ADD COLUMN inc bigint;
   CREATE INDEX webhook_delivery_new ON webhook_delivery (seq) WHERE hub IS NULL AND dead_ms IS NULL`,
  saveCommandsAgain,
  `-- The number of the last start of each hub whose rows are gone. Of hubs that were forgotten before, as far as rows name them.
   CREATE TABLE hub_last_start (id text PRIMARY KEY, inc bigint NOT NULL);
   INSERT INTO hub_last_start (id, inc)
   SELECT hub, max(inc) FROM (
     SELECT hub, inc FROM lease UNION ALL SELECT hub, inc FROM device_state UNION ALL SELECT hub, inc FROM command
     UNION ALL SELECT hub, inc FROM group_command UNION ALL SELECT hub, inc FROM webhook_delivery) AS named
    WHERE hub IS NOT NULL GROUP BY hub`,
  `-- Which hub tells of it; NULL: the leader has not taken it up yet.
   ALTER TABLE incident ADD COLUMN hub text, ADD COLUMN inc bigint`,
  `-- Device types as they were published, and a number that rises with each change, so that who publishes one has seen the others.
   CREATE TABLE device_type (id text COLLATE "C" PRIMARY KEY, definition text NOT NULL, rev bigint NOT NULL);
   CREATE TABLE device_type_rev (one boolean PRIMARY KEY CHECK (one), rev bigint NOT NULL);
   INSERT INTO device_type_rev (one, rev) VALUES (true, 0)`,
  `-- Who has a part of the spool: a start of a hub, until another one has taken over what it left. added, taken: the numbers of its last
   -- changes of either kind; outcome: what the last one of taken came to, as JSON.
   CREATE TABLE spool_owner (
     hub text NOT NULL,
     inc bigint NOT NULL,
     added bigint NOT NULL DEFAULT 0,
     taken bigint NOT NULL DEFAULT 0,
     outcome text,
     PRIMARY KEY (hub, inc)
   ) WITH (fillfactor = 50);

   -- Lines that the metrics store did not take, a batch a row, packed with gzip. change: by which its owner added it.
   CREATE TABLE spool (
     id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
     hub text NOT NULL,
     inc bigint NOT NULL,
     change bigint,
     lines int NOT NULL,
     size bigint NOT NULL,
     -- Lines by account, a JSON object.
     shares text NOT NULL,
     spooled_ms float8 NOT NULL,
     body bytea NOT NULL
   );
   ALTER TABLE spool ALTER COLUMN body SET STORAGE EXTERNAL;
   CREATE INDEX spool_of ON spool (hub, inc, id);

   CREATE TABLE dead_letter (
     id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
     hub text NOT NULL,
     inc bigint NOT NULL,
     change bigint,
     account text COLLATE "C" NOT NULL,
     type text NOT NULL,
     line text NOT NULL,
     reason text NOT NULL,
     refused_ms float8 NOT NULL
   );
   CREATE INDEX dead_letter_of ON dead_letter (hub, inc, id);
   CREATE INDEX dead_letter_by_account ON dead_letter (hub, inc, account, id)`,
];
