-- Prepares a restored PostgreSQL for its hubs, as `device-hub restore` prepares a data folder: see docs/backups.md. All hubs are stopped.
--   psql -v ON_ERROR_STOP=1 -v made=2026-11-29T03:00:00Z -f packaging/cluster/after-restore.sql postgres://…
-- made: when the backup was made, or a moment before.
BEGIN;

-- How far the numbers leap that consumers expect only to rise: further than hubs can have counted since the backup.
CREATE TEMPORARY TABLE leap ON COMMIT DROP AS
  SELECT 1000000 + 30 * greatest(0, ceil(extract(epoch FROM now() - :'made'::timestamptz)))::bigint AS far,
         floor(extract(epoch FROM now()) * 1000)::bigint AS now_ms;

-- PostgreSQL reads no JSON with \u0000 in it. JSON.stringify writes a printable character as itself, so that \uf8fe is free.
CREATE FUNCTION pg_temp.read(record text) RETURNS json LANGUAGE sql AS $body$
  SELECT replace(record, '\u0000', '\uf8fe')::json
$body$;
CREATE FUNCTION pg_temp.changed(record text, change json) RETURNS text LANGUAGE sql AS $body$
  SELECT replace(json_object_agg(key, value)::text, '\uf8fe', '\u0000') FROM (
    SELECT key, value FROM json_each(pg_temp.read(record)) WHERE key NOT IN (SELECT json_object_keys(change))
    UNION ALL SELECT key, value FROM json_each(change)) AS fields
$body$;

UPDATE device_state SET epoch = epoch + far FROM leap;
-- Devices that were registered after the backup, and are registered again.
INSERT INTO epoch_floor (one, epoch) SELECT true, far FROM leap
  ON CONFLICT (one) DO UPDATE SET epoch = epoch_floor.epoch + excluded.epoch;
UPDATE hub_last_start SET inc = inc + far FROM leap;
INSERT INTO hub_last_start (id, inc) SELECT id, max(inc) + min(far) FROM hub, leap GROUP BY id
  ON CONFLICT (id) DO UPDATE SET inc = greatest(hub_last_start.inc, excluded.inc);
UPDATE twin SET rev = rev + far FROM leap WHERE rev > 0;

-- What was open may have been sent and have ended since: the devices are asked.
UPDATE command SET status = 'uncertain', changed_ms = now_ms, body = pg_temp.changed(body, json_build_object(
    'status', 'uncertain', 'reason', 'restored', 'changedMs', now_ms, 'restoredMs', now_ms))
  FROM leap WHERE NOT final;
UPDATE group_command_target t SET status = 'lost', reason = 'restored', settled = true
  FROM group_command g WHERE t.group_command = g.id AND g.status = 'running' AND t.status = 'waiting'
    AND NOT EXISTS (SELECT 1 FROM command c WHERE c.device = t.device AND c.id = g.id);
UPDATE group_command SET status = 'stopped', ended_ms = now_ms, owed = true, body = pg_temp.changed(body, json_build_object(
    'status', 'stopped', 'reason', 'restored', 'endedMs', now_ms))
  FROM leap WHERE status = 'running';
-- Until a person resumes them: devices may have changed since.
UPDATE rollout SET body = pg_temp.changed(body, '{"status": "paused"}') WHERE pg_temp.read(body) ->> 'status' = 'running';

-- Times that have passed are not made up for.
UPDATE schedule SET record = pg_temp.changed(record, json_build_object(
    'lastMs', CASE WHEN pg_temp.read(record) ->> 'cron' IS NULL THEN (pg_temp.read(record) ->> 'atMs')::float8 ELSE now_ms END))
  FROM leap WHERE pg_temp.read(record) ->> 'cron' IS NOT NULL OR (pg_temp.read(record) ->> 'atMs')::float8 <= now_ms;
DELETE FROM notice USING leap WHERE (pg_temp.read(record) ->> 'atMs')::float8 <= now_ms;
-- Somebody may have been signed out since.
DELETE FROM console_session;

COMMIT;
