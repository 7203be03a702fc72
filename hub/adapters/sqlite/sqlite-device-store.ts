import type { DeviceRecord, DeviceStore, Opened, SessionOpening } from '../../registry/device-store.ts';
import { deviceUnknown } from '../../kernel/errors.ts';
import { addOnce, anchoredBootOf, deviceOf } from '../rows/device-rows.ts';
import { forgetTwin } from './sqlite-twin-store.ts';
import type { Database } from './sqlite.ts';
import type { Statement } from './sqlite-protocol.ts';

/** The number of boots of a device whose anchors are kept. The boot that had a session least recently is dropped first. */
const keptBoots = 16;

/** Devices, their epochs and the anchors of their boots, in `state.db`. */
export function createDeviceStore(db: Database): DeviceStore {
  return {
    async load() {
      const rows = await db.read(
        `SELECT id, type, site, credentials, created_ms, disabled, rotation_due_ms, labels, enrolment_id,
                ifnull(epoch, 0) AS epoch,
                EXISTS (SELECT 1 FROM boot_anchor WHERE boot_anchor.device_id = id) AS connected_before
           FROM device LEFT JOIN device_epoch ON device_id = id ORDER BY id`,
      );
      return rows.map(deviceOf);
    },

    add: (records) => addDevices(db, records),

    async remove(id) {
      const [, removed] = await db.transaction([
        noteRemoval(id),
        { sql: 'DELETE FROM device WHERE id = ?1 RETURNING id', params: [id] },
        { sql: 'DELETE FROM presence WHERE device_id = ?1', params: [id] },
        { sql: 'DELETE FROM device_list WHERE device_id = ?1', params: [id] },
        ...forgetTwin(id),
        { sql: 'DELETE FROM alarm WHERE device_id = ?1', params: [id] },
        { sql: 'DELETE FROM boot_anchor WHERE device_id = ?1', params: [id] },
        { sql: 'DELETE FROM boot_anchor_step WHERE device_id = ?1', params: [id] },
      ]);
      if (removed?.length !== 1) throw deviceUnknown(id);
    },

    /** Nobody else writes this database. */
    async change(known, change) {
      const next = change(known);
      const { credentials, disabled, rotationDueMs, labels = {} } = next;
      const [saved] = await db.transaction([
        {
          sql: `UPDATE device SET credentials = ?2, disabled = ?3, rotation_due_ms = ?4, labels = ?5 WHERE id = ?1 RETURNING id`,
          params: [
            known.id,
            JSON.stringify(credentials),
            disabled ? 1 : 0,
            rotationDueMs ?? null,
            JSON.stringify(labels),
          ],
        },
      ]);
      if (saved?.length !== 1) throw deviceUnknown(known.id);
      return next;
    },

    openSession: (opening) => openSession(db, opening),

    async anchoredBoots(deviceId) {
      const sql = 'SELECT boot, anchor_ms, uptime_ms FROM boot_anchor WHERE device_id = ?1';
      return (await db.read(sql, [deviceId])).map(anchoredBootOf);
    },

    async addAnchorStep(deviceId, { boot, fromMs, anchorMs }) {
      await db.transaction([
        {
          sql: `INSERT INTO boot_anchor_step (device_id, boot, from_ms, anchor_ms) VALUES (?1, ?2, ?3, ?4)
                ON CONFLICT DO NOTHING`,
          params: [deviceId, boot, fromMs, anchorMs],
        },
      ]);
    },

    async noteUptime(deviceId, boot, uptimeMs) {
      await db.transaction([
        {
          sql: `UPDATE boot_anchor SET uptime_ms = max(uptime_ms, ?3) WHERE device_id = ?1 AND boot = ?2`,
          params: [deviceId, boot, uptimeMs],
        },
      ]);
    },
  };
}

/** Runs in the transaction that removes a device, before the device is deleted. A second removal starts over. */
function noteRemoval(deviceId: string): Statement {
  return {
    sql: `INSERT INTO removed_device (device_id, commands_ended) SELECT id, 0 FROM device WHERE id = ?1
          ON CONFLICT (device_id) DO UPDATE SET commands_ended = 0`,
    params: [deviceId],
  };
}

function addDevices(db: Database, records: readonly DeviceRecord[]): Promise<ReadonlyMap<string, number>> {
  const params = [JSON.stringify(records)];
  const add = {
    sql: `INSERT INTO device (id, type, site, credentials, created_ms, disabled, labels, enrolment_id)
          SELECT value ->> 'id', value ->> 'type', value ->> 'site', value -> 'credentials',
                 value ->> 'createdMs', value ->> 'disabled', ifnull(value -> 'labels', '{}'),
                 value ->> 'enrolmentId'
            FROM json_each(?1)`,
    params,
  };
  const floor = {
    sql: `INSERT INTO device_epoch (device_id, epoch)
          SELECT value ->> 'id', epoch_floor FROM json_each(?1), hub WHERE epoch_floor > 0 ON CONFLICT DO NOTHING`,
    params,
  };
  const raise = {
    sql: `UPDATE device_epoch SET epoch = epoch + 1
           WHERE device_id IN (SELECT value ->> 'id' FROM json_each(?1)) RETURNING device_id, epoch`,
    params,
  };
  return addOnce(
    records,
    async () => (await db.transaction([add, floor, raise]))[2] ?? [],
    (ids) =>
      db.read('SELECT id FROM device WHERE id IN (SELECT value FROM json_each(?1))', [JSON.stringify(ids)]),
  );
}

async function openSession(
  db: Database,
  { deviceId, boot, uptimeMs, unseenBoots = [], nowMs }: SessionOpening,
): Promise<Opened> {
  const anchorMs = nowMs === undefined ? null : nowMs - uptimeMs;
  const [epochs, , , , ended, , , boots, steps] = await db.transaction([
    {
      sql: `INSERT INTO device_epoch (device_id, epoch) VALUES (?1, 1)
            ON CONFLICT (device_id) DO UPDATE SET epoch = epoch + 1 RETURNING epoch`,
      params: [deviceId],
    },
    {
      sql: `DELETE FROM boot_anchor_step WHERE device_id = ?1 AND boot = ?2 AND EXISTS (
              SELECT 1 FROM boot_anchor WHERE device_id = ?1 AND boot = ?2 AND uptime_ms > ?3)`,
      params: [deviceId, boot, uptimeMs],
    },
    {
      // The uptime fell, so this is a new boot under an old name; without its time it has no anchor.
      sql: `DELETE FROM boot_anchor WHERE device_id = ?1 AND boot = ?2 AND ?3 IS NULL AND uptime_ms > ?4`,
      params: [deviceId, boot, anchorMs, uptimeMs],
    },
    {
      sql: `INSERT INTO boot_anchor (device_id, boot, anchor_ms, uptime_ms, opened_epoch)
            SELECT ?1, ?2, ifnull(?3, 0), ?4, epoch FROM device_epoch WHERE device_id = ?1
               AND (?3 IS NOT NULL OR EXISTS (SELECT 1 FROM boot_anchor WHERE device_id = ?1 AND boot = ?2))
            ON CONFLICT (device_id, boot) DO UPDATE SET
              anchor_ms = iif(excluded.uptime_ms < uptime_ms, excluded.anchor_ms, anchor_ms),
              uptime_ms = excluded.uptime_ms,
              opened_epoch = excluded.opened_epoch`,
      params: [deviceId, boot, anchorMs, uptimeMs],
    },
    {
      sql: `INSERT INTO boot_anchor (device_id, boot, anchor_ms, uptime_ms, opened_epoch)
            SELECT ?1, value ->> 'boot', value ->> 'anchorMs', value ->> 'up', epoch
              FROM json_each(?2), device_epoch WHERE device_id = ?1
            ON CONFLICT DO NOTHING RETURNING boot`,
      params: [deviceId, JSON.stringify(unseenBoots)],
    },
    {
      sql: `DELETE FROM boot_anchor WHERE device_id = ?1 AND opened_epoch NOT IN (
              SELECT opened_epoch FROM boot_anchor WHERE device_id = ?1 ORDER BY opened_epoch DESC LIMIT ?2)`,
      params: [deviceId, keptBoots],
    },
    {
      sql: `DELETE FROM boot_anchor_step WHERE device_id = ?1 AND boot NOT IN (
              SELECT boot FROM boot_anchor WHERE device_id = ?1)`,
      params: [deviceId],
    },
    { sql: 'SELECT boot, anchor_ms FROM boot_anchor WHERE device_id = ?1', params: [deviceId] },
    {
      sql: 'SELECT boot, from_ms, anchor_ms FROM boot_anchor_step WHERE device_id = ?1 ORDER BY from_ms',
      params: [deviceId],
    },
  ]);
  const anchors = new Map(boots?.map((row) => [String(row['boot']), Number(row['anchor_ms'])]));
  return {
    kind: 'opened',
    epoch: Number(epochs?.[0]?.['epoch']),
    ...(ended?.length ? { unseenBoots: ended.length } : {}),
    anchors,
    steps: (steps ?? []).map((row) => ({
      boot: String(row['boot']),
      fromMs: Number(row['from_ms']),
      anchorMs: Number(row['anchor_ms']),
    })),
  };
}
