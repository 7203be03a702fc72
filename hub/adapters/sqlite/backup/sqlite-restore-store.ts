import type { Database } from '../sqlite.ts';

/**
 * Raises every number of which consumers expect that it only rises: the hub's incarnation, and the epochs of devices,
 * those too that the backup does not know and that are registered again, and the revisions of twins. Scheduled notices that were due are dropped,
 * because they may have been sent. Nobody stays signed in, because some may have been signed out since. Rollouts wait for somebody who knows what has happened since.
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
