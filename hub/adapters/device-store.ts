import { HubError } from '../kernel/errors.ts';
import type { Database } from './sqlite.ts';

export interface DeviceRecord {
  id: string;
  /** `env-sensor@1` */
  type: string;
  site: string;
  /** SHA-256 of the secret, hex. */
  secretHash: string;
  createdMs: number;
  disabled: boolean;
  /** Of its newest session; 0 before the first. */
  epoch: number;
}

export interface SessionOpening {
  deviceId: string;
  boot: string;
  /** The device's uptime at its hello, ms. */
  uptimeMs: number;
  /** The hub's clock at the same moment, Unix ms. */
  nowMs: number;
}

export interface OpenedSession {
  epoch: number;
  /** Of this boot. */
  anchorMs: number;
  /** Of every boot that is kept, this one among them, by the boot's name. */
  anchors: ReadonlyMap<string, number>;
}

/** Devices, their epochs and the anchors of their boots. All reject with HubError `database-failed`. */
export interface DeviceStore {
  load(): Promise<DeviceRecord[]>;
  /**
   * Adds all or none. A record's `epoch` is not taken: one that had been removed keeps its old epoch.
   * @throws HubError `device-exists`, `details.ids` has the ids that are taken or given twice
   */
  add(records: readonly DeviceRecord[]): Promise<void>;
  /** Forgets the device and its boots, not its epoch. @throws HubError `device-unknown` */
  remove(id: string): Promise<void>;
  /**
   * Raises the device's epoch by 1 and fixes the anchor (hub time at uptime 0, Unix ms) of its boot, both
   * synced in one transaction. A boot seen before keeps its anchor, so that a repeated reading gets the same
   * time, unless the uptime has gone backwards: then it is a new boot under an old name. The last 16 boots
   * of a device are kept.
   */
  openSession(opening: SessionOpening): Promise<OpenedSession>;
  /** Remembers how far a boot's uptime has come, so that a later `openSession` knows it going backwards. */
  noteUptime(deviceId: string, boot: string, uptimeMs: number): Promise<void>;
  /** The anchor of a boot that is still kept. */
  anchor(deviceId: string, boot: string): Promise<number | undefined>;
}

const keptBoots = 16;

export function createDeviceStore(db: Database): DeviceStore {
  return {
    async load() {
      const rows = await db.read(
        `SELECT id, type, site, secret_hash, created_ms, disabled, ifnull(epoch, 0) AS epoch
           FROM device LEFT JOIN device_epoch ON device_id = id ORDER BY id`,
      );
      return rows.map((row) => ({
        id: String(row['id']),
        type: String(row['type']),
        site: String(row['site']),
        secretHash: String(row['secret_hash']),
        createdMs: Number(row['created_ms']),
        disabled: row['disabled'] !== 0,
        epoch: Number(row['epoch']),
      }));
    },

    add: (records) => addDevices(db, records),

    async remove(id) {
      const [removed] = await db.transaction([
        { sql: 'DELETE FROM device WHERE id = ?1 RETURNING id', params: [id] },
        { sql: 'DELETE FROM boot_anchor WHERE device_id = ?1', params: [id] },
      ]);
      if (removed?.length !== 1) throw new HubError('device-unknown', id, { details: { id } });
    },

    openSession: (opening) => openSession(db, opening),

    async noteUptime(deviceId, boot, uptimeMs) {
      await db.transaction([
        {
          sql: `UPDATE boot_anchor SET uptime_ms = max(uptime_ms, ?3) WHERE device_id = ?1 AND boot = ?2`,
          params: [deviceId, boot, uptimeMs],
        },
      ]);
    },

    async anchor(deviceId, boot) {
      const sql = 'SELECT anchor_ms FROM boot_anchor WHERE device_id = ?1 AND boot = ?2';
      const [row] = await db.read(sql, [deviceId, boot]);
      return row === undefined ? undefined : Number(row['anchor_ms']);
    },
  };
}

async function addDevices(db: Database, records: readonly DeviceRecord[]): Promise<void> {
  const ids = new Set<string>();
  const twice = records.map(({ id }) => id).filter((id) => ids.size === ids.add(id).size);
  if (twice.length > 0) throw exists(twice);
  const insert = {
    sql: `INSERT INTO device (id, type, site, secret_hash, created_ms, disabled)
          SELECT value ->> 'id', value ->> 'type', value ->> 'site', value ->> 'secretHash',
                 value ->> 'createdMs', value ->> 'disabled'
            FROM json_each(?1)`,
    params: [JSON.stringify(records)],
  };
  try {
    await db.transaction([insert]);
  } catch (error) {
    const taken = await db.read('SELECT id FROM device WHERE id IN (SELECT value FROM json_each(?1))', [
      JSON.stringify([...ids]),
    ]);
    if (taken.length === 0) throw error;
    throw exists(
      taken.map(({ id }) => String(id)),
      error,
    );
  }
}

function exists(ids: readonly string[], cause?: unknown): HubError {
  return new HubError('device-exists', ids.slice(0, 3).join(', ') + (ids.length > 3 ? ', …' : ''), {
    cause,
    details: { ids },
  });
}

async function openSession(
  db: Database,
  { deviceId, boot, uptimeMs, nowMs }: SessionOpening,
): Promise<OpenedSession> {
  const [epochs, , , boots] = await db.transaction([
    {
      sql: `INSERT INTO device_epoch (device_id, epoch) VALUES (?1, 1)
            ON CONFLICT (device_id) DO UPDATE SET epoch = epoch + 1 RETURNING epoch`,
      params: [deviceId],
    },
    {
      sql: `INSERT INTO boot_anchor (device_id, boot, anchor_ms, uptime_ms, opened_epoch)
            SELECT ?1, ?2, ?3, ?4, epoch FROM device_epoch WHERE device_id = ?1
            ON CONFLICT (device_id, boot) DO UPDATE SET
              anchor_ms = iif(excluded.uptime_ms < uptime_ms, excluded.anchor_ms, anchor_ms),
              uptime_ms = excluded.uptime_ms,
              opened_epoch = excluded.opened_epoch`,
      params: [deviceId, boot, nowMs - uptimeMs, uptimeMs],
    },
    {
      sql: `DELETE FROM boot_anchor WHERE device_id = ?1 AND opened_epoch NOT IN (
              SELECT opened_epoch FROM boot_anchor WHERE device_id = ?1 ORDER BY opened_epoch DESC LIMIT ?2)`,
      params: [deviceId, keptBoots],
    },
    { sql: 'SELECT boot, anchor_ms FROM boot_anchor WHERE device_id = ?1', params: [deviceId] },
  ]);
  const anchors = new Map(boots?.map((row) => [String(row['boot']), Number(row['anchor_ms'])]));
  return { epoch: Number(epochs?.[0]?.['epoch']), anchorMs: anchors.get(boot) ?? Number.NaN, anchors };
}
