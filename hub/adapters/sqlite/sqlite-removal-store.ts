import type { RemovalStore } from '../../registry/removals.ts';
import type { Database } from './sqlite.ts';
import type { Statement } from './sqlite-protocol.ts';

/** Presence rows of devices that are gone were how a removal without a hub was found before. */
export const removalMigrations: readonly string[] = [
  `CREATE TABLE removed_device (
     device_id TEXT PRIMARY KEY,
     commands_ended INTEGER NOT NULL
   ) STRICT, WITHOUT ROWID;
   INSERT INTO removed_device SELECT device_id, 0 FROM presence WHERE device_id NOT IN (SELECT id FROM device);
   DELETE FROM presence WHERE device_id NOT IN (SELECT id FROM device);`,
];

/** Part of the transaction that removes a device, before it is deleted. A second removal starts over. */
export function noteRemoval(deviceId: string): Statement {
  return {
    sql: `INSERT INTO removed_device (device_id, commands_ended) SELECT id, 0 FROM device WHERE id = ?1
          ON CONFLICT (device_id) DO UPDATE SET commands_ended = 0`,
    params: [deviceId],
  };
}

/** Removals in progress, in `state.db`. */
export function createRemovalStore(db: Database): RemovalStore {
  return {
    async load() {
      const rows = await db.read('SELECT device_id, commands_ended FROM removed_device ORDER BY device_id');
      return rows.map((row) => ({
        deviceId: String(row['device_id']),
        commandsEnded: row['commands_ended'] !== 0,
      }));
    },

    async commandsEnded(deviceIds) {
      await db.transaction([
        {
          sql: `UPDATE removed_device SET commands_ended = 1
                 WHERE device_id IN (SELECT value FROM json_each(?1))`,
          params: [JSON.stringify(deviceIds)],
        },
      ]);
    },

    async settled(deviceId) {
      await db.transaction([
        { sql: 'DELETE FROM removed_device WHERE device_id = ?1 AND commands_ended = 1', params: [deviceId] },
      ]);
    },
  };
}
