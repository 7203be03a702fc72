/**
 * Transactions of several statements, each in one round trip. The server keeps the plans of a function's statements. When the
 * arguments or the meaning of a function change, it gets another name: hubs of the previous release still call the old one.
 */

/**
 * Opens many sessions at once. Ids are sorted, so that hubs never wait for each other in a circle. The answer has no row for a
 * device that is not registered, and no rows at all when the hub may not act.
 */
const openSessions = `
CREATE FUNCTION open_sessions(
  me text, my_inc bigint,
  device_ids text[], boots text[], uptimes float8[], nows float8[], unseen text[])
RETURNS TABLE (at int, epoch bigint, kept_unseen int, anchors json, steps json, was_hub text, was_inc bigint, moved int)
LANGUAGE plpgsql AS $body$
#variable_conflict use_column
DECLARE
  r record;
  w record;
  opened bigint;
  anchor float8;
BEGIN
  IF NOT EXISTS (SELECT 1 FROM hub h WHERE h.id = me AND h.inc = my_inc AND h.state = 'up') THEN RETURN; END IF;
  FOR r IN SELECT * FROM unnest(device_ids, boots, uptimes, nows, unseen) WITH ORDINALITY
             AS given(device_id, boot, up, now_ms, unseen, n) ORDER BY device_id COLLATE "C", n LOOP
    SELECT s.hub, s.inc INTO w FROM device_state s WHERE s.device_id = r.device_id FOR UPDATE;
    UPDATE device_state s SET
        epoch = s.epoch + 1, hub = me, inc = my_inc, connected_before = true, state = 'online',
        reason = CASE WHEN s.state IN ('online', 'suspect') THEN 'session-replaced' ELSE 'session-opened' END,
        since_ms = coalesce(r.now_ms, extract(epoch FROM clock_timestamp()) * 1000), n = 1, until_ms = NULL
      WHERE s.device_id = r.device_id AND EXISTS (SELECT 1 FROM device d WHERE d.id = r.device_id)
      RETURNING s.epoch INTO opened;
    CONTINUE WHEN NOT FOUND;
    anchor := r.now_ms - r.up;
    DELETE FROM boot_anchor_step t WHERE t.device_id = r.device_id AND t.boot = r.boot AND EXISTS (
      SELECT 1 FROM boot_anchor a WHERE a.device_id = r.device_id AND a.boot = r.boot AND a.uptime_ms > r.up);
    -- A new boot under an old name, and no time for it.
    IF anchor IS NULL THEN
      DELETE FROM boot_anchor a WHERE a.device_id = r.device_id AND a.boot = r.boot AND a.uptime_ms > r.up;
      UPDATE boot_anchor a SET uptime_ms = r.up, opened_epoch = opened WHERE a.device_id = r.device_id AND a.boot = r.boot;
    ELSE
      INSERT INTO boot_anchor AS a (device_id, boot, anchor_ms, uptime_ms, opened_epoch)
        VALUES (r.device_id, r.boot, anchor, r.up, opened)
        ON CONFLICT (device_id, boot) DO UPDATE SET
          anchor_ms = CASE WHEN excluded.uptime_ms < a.uptime_ms THEN excluded.anchor_ms ELSE a.anchor_ms END,
          uptime_ms = excluded.uptime_ms, opened_epoch = excluded.opened_epoch;
    END IF;
    kept_unseen := 0;
    IF r.unseen <> '[]' THEN
      INSERT INTO boot_anchor (device_id, boot, anchor_ms, uptime_ms, opened_epoch)
        SELECT r.device_id, u.boot, u."anchorMs", u.up, opened
          FROM json_to_recordset(r.unseen::json) AS u(boot text, "anchorMs" float8, up float8)
        ON CONFLICT DO NOTHING;
      GET DIAGNOSTICS kept_unseen = ROW_COUNT;
    END IF;
    -- Of each device the boots of its sixteen newest sessions stay.
    DELETE FROM boot_anchor a WHERE a.device_id = r.device_id AND a.opened_epoch < (
      SELECT min(kept.opened_epoch) FROM (
        SELECT x.opened_epoch FROM boot_anchor x WHERE x.device_id = r.device_id ORDER BY x.opened_epoch DESC LIMIT 16) kept);
    DELETE FROM boot_anchor_step t WHERE t.device_id = r.device_id AND NOT EXISTS (
      SELECT 1 FROM boot_anchor a WHERE a.device_id = r.device_id AND a.boot = t.boot);
    UPDATE command c SET hub = me, inc = my_inc, moves = c.moves + 1 WHERE c.device = r.device_id AND (NOT c.final OR c.owed)
      AND (c.hub, c.inc) IS DISTINCT FROM (me, my_inc);
    GET DIAGNOSTICS moved = ROW_COUNT;
    at := r.n;
    epoch := opened;
    -- Whoever still acts for it has to let go.
    SELECT h.id, h.inc INTO was_hub, was_inc FROM hub h
      WHERE h.id = w.hub AND h.inc = w.inc AND h.state IN ('up', 'draining') AND (h.id, h.inc) IS DISTINCT FROM (me, my_inc);
    SELECT json_agg(json_build_array(a.boot, a.anchor_ms)) INTO anchors FROM boot_anchor a WHERE a.device_id = r.device_id;
    SELECT json_agg(json_build_array(t.boot, t.from_ms, t.anchor_ms) ORDER BY t.from_ms) INTO steps
      FROM boot_anchor_step t WHERE t.device_id = r.device_id;
    RETURN NEXT;
  END LOOP;
END $body$;`;

/** Adds new commands, in their order, each with its delivery and its audit entry. `kind`: added, known or not-ours. */
const acceptCommands = `
CREATE OR REPLACE FUNCTION accept_commands(
  me text, my_inc bigint,
  devices text[], ids text[], names text[], statuses text[], finals boolean[], accepted float8[], changed float8[], bodies text[],
  topics text[], correlations bytea[], delivery_keys text[], delivery_ends float8[], gate_tokens bigint[],
  audit_times float8[], audit_actors text[], audit_origins text[], audit_actions text[], audit_subjects text[],
  audit_outcomes text[], audit_details text[])
RETURNS TABLE (at int, kind text, owner text) LANGUAGE plpgsql AS $body$
#variable_conflict use_column
DECLARE
  i int;
  o record;
  gate_token bigint;
BEGIN
  -- Nobody takes the gate before the commit: whoever takes it next gets again from the broker what is not acknowledged, and has to
  -- find the deliveries that are accepted here.
  IF array_length(array_remove(gate_tokens, NULL), 1) > 0 THEN
    SELECT l.token INTO gate_token FROM lease l WHERE l.name = 'gate' FOR SHARE;
  END IF;
  FOR i IN 1 .. coalesce(array_length(devices, 1), 0) LOOP
    at := i;
    -- A hub that held the gate before has brought it: whoever holds it now gets it again from the broker.
    IF gate_token <> gate_tokens[i] THEN
      kind := 'not-ours'; owner := NULL;
      RETURN NEXT;
      CONTINUE;
    END IF;
    -- Waits for a takeover that is under way, or makes it wait. What a hub has left is adopted together with its commands.
    SELECT s.hub, s.inc INTO o FROM device_state s WHERE s.device_id = devices[i] FOR UPDATE OF s;
    IF o.hub IS NULL THEN
      UPDATE device_state s SET hub = me, inc = my_inc WHERE s.device_id = devices[i];
      o.hub := me; o.inc := my_inc;
    END IF;
    INSERT INTO command (device, id, name, status, final, owed, accepted_ms, changed_ms, body, hub, inc, answer_topic, answer_correlation)
      VALUES (devices[i], ids[i], names[i], statuses[i], finals[i], finals[i], accepted[i], changed[i], bodies[i],
              o.hub, o.inc, topics[i], correlations[i])
      ON CONFLICT (device, id) DO NOTHING;
    kind := CASE WHEN FOUND THEN 'added' ELSE 'known' END;
    -- NULL: it is ours.
    owner := CASE WHEN o.hub = me AND o.inc = my_inc THEN NULL ELSE o.hub END;
    IF kind = 'added' THEN
      INSERT INTO audit (time_ms, actor, origin, action, subject, outcome, details)
        VALUES (audit_times[i], audit_actors[i], audit_origins[i], audit_actions[i], audit_subjects[i], audit_outcomes[i], audit_details[i]);
    END IF;
    IF delivery_keys[i] IS NOT NULL THEN
      INSERT INTO command_delivery AS d (key, expires_ms) VALUES (delivery_keys[i], delivery_ends[i])
        ON CONFLICT (key) DO UPDATE SET expires_ms = excluded.expires_ms;
    END IF;
    RETURN NEXT;
  END LOOP;
END $body$;`;

/**
 * Saves new states of commands in their order, each with its audit entry. Returns which of them are stored now. That includes a
 * state that was stored before, word for word: the answer to the first attempt may have been lost with its connection. Each
 * command is looked up by its key: without statistics, one statement for all of them would read every open command. What is sent
 * once is never sent again, even if its hub has lost track of it.
 */
const saveCommands = `
CREATE OR REPLACE FUNCTION save_commands(
  me text, my_inc bigint,
  devices text[], ids text[], statuses text[], finals boolean[], changed float8[], bodies text[], seen_moves bigint[],
  audit_times float8[], audit_actors text[], audit_origins text[], audit_actions text[], audit_subjects text[],
  audit_outcomes text[], audit_details text[])
RETURNS TABLE (at int) LANGUAGE plpgsql AS $body$
#variable_conflict use_column
DECLARE
  i int;
  w record;
BEGIN
  FOR i IN 1 .. coalesce(array_length(devices, 1), 0) LOOP
    SELECT c.seq, c.status, c.final, c.moves, c.body INTO w FROM command c
      WHERE c.device = devices[i] AND c.id = ids[i] AND c.hub = me AND c.inc = my_inc FOR UPDATE;
    CONTINUE WHEN NOT FOUND;
    IF w.body <> bodies[i] THEN
      CONTINUE WHEN w.final OR w.moves <> seen_moves[i];
      CONTINUE WHEN statuses[i] = 'sent' AND w.status NOT IN ('accepted', 'queued');
      UPDATE command c SET status = statuses[i], final = finals[i], owed = finals[i], changed_ms = changed[i], body = bodies[i]
        WHERE c.seq = w.seq;
      INSERT INTO audit (time_ms, actor, origin, action, subject, outcome, details)
        VALUES (audit_times[i], audit_actors[i], audit_origins[i], audit_actions[i], audit_subjects[i], audit_outcomes[i], audit_details[i]);
    ELSE
      CONTINUE WHEN NOT (w.final OR w.moves = seen_moves[i]);
    END IF;
    at := i;
    RETURN NEXT;
  END LOOP;
END $body$;`;

/**
 * Takes over devices of a hub that has ended, some at a time, each with its commands. `kept`: this hub has the device from now
 * on, because a hub must watch it or end one of its commands. The other devices belong to no hub. Several hubs may do this at
 * the same time.
 */
const adoptDevices = `
CREATE FUNCTION adopt_devices(me text, my_inc bigint, ended text, ended_inc bigint, at_most int)
RETURNS TABLE (device_id text, kept boolean) LANGUAGE plpgsql AS $body$
#variable_conflict use_column
DECLARE
  ids text[];
BEGIN
  IF NOT EXISTS (SELECT 1 FROM hub h WHERE h.id = me AND h.inc = my_inc AND h.state = 'up')
    OR EXISTS (SELECT 1 FROM hub h WHERE h.id = ended AND h.inc = ended_inc AND h.state IN ('up', 'draining')) THEN RETURN; END IF;
  SELECT array_agg(x.device_id) INTO ids FROM (
    SELECT s.device_id FROM device_state s WHERE s.hub = ended AND s.inc = ended_inc ORDER BY s.device_id
      LIMIT at_most FOR UPDATE SKIP LOCKED) x;
  -- After the locks, so that it sees what was accepted until then.
  UPDATE command c SET hub = me, inc = my_inc, moves = c.moves + 1 WHERE c.device = ANY(ids) AND (NOT c.final OR c.owed);
  RETURN QUERY
    WITH judged AS (
      SELECT s.device_id, s.state IN ('online', 'suspect', 'unknown', 'migrating', 'sleeping') OR EXISTS (
          SELECT 1 FROM command c WHERE c.device = s.device_id AND (NOT c.final OR c.owed)) AS kept
        FROM device_state s WHERE s.device_id = ANY(ids))
    UPDATE device_state s SET hub = CASE WHEN j.kept THEN me END, inc = CASE WHEN j.kept THEN my_inc END
      FROM judged j WHERE s.device_id = j.device_id RETURNING s.device_id, coalesce(j.kept, false);
END $body$;`;

export const postgresFunctions: readonly string[] = [
  openSessions,
  acceptCommands,
  adoptDevices,
  saveCommands,
];

/** Each replaces the function, with the same arguments and meaning, in databases that have an earlier one. */
export const acceptCommandsAgain = acceptCommands;
export const saveCommandsAgain = saveCommands;
