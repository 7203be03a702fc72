import type { Database } from '../sqlite.ts';

/**
 * Raises every number that consumers expect only to rise: the hub's incarnation, the revisions of twins, and the epochs of
 * devices. Devices that the backup does not know begin at a higher epoch too when they are registered again. Drops
 * scheduled notices that were due, because they may have been sent. Signs everybody out, because somebody may have been
 * signed out since the backup. Pauses rollouts until a person decides, because devices may have changed since.
 * @param by more than the hub can have counted since the backup
 * @throws HubError `database-failed`
 */
export async function leapAhead(db: Database, by: number, nowMs: number): Promise<void> {
  await db.transaction([
    { sql: 'UPDATE hub SET incarnation = incarnation + ?1, epoch_floor = epoch_floor + ?1', params: [by] },
    { sql: 'UPDATE device_epoch SET epoch = epoch + ?1', params: [by] },
    {
      sql: `INSERT INTO device_epoch (device_id, epoch) SELECT id, epoch_floor FROM device, (SELECT epoch_floor FROM hub)
             WHERE true ON CONFLICT DO NOTHING`,
    },
    {
      sql: `UPDATE presence SET epoch = device_epoch.epoch FROM device_epoch
             WHERE device_epoch.device_id = presence.device_id`,
    },
    { sql: 'UPDATE twin SET rev = rev + ?1 WHERE rev > 0', params: [by] },
    { sql: `DELETE FROM notice WHERE record ->> 'atMs' <= ?1`, params: [nowMs] },
    { sql: 'DELETE FROM console_session' },
    {
      sql: `UPDATE rollout SET body = json_set(body, '$.status', 'paused') WHERE body ->> 'status' = 'running'`,
    },
  ]);
}
