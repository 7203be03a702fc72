import type { WebhookDelivery, WebhookStore } from '../../../alarms/webhook-store.ts';
import { webhookRows } from '../../rows/webhook-rows.ts';
import type { Database } from '../sqlite.ts';
import type { Statement } from '../sqlite-protocol.ts';
import { sqliteTables } from '../sqlite-state-tables.ts';

/** Belongs into the transaction that writes the alarms that the deliveries report. */
export function oweDeliveries(deliveries: readonly WebhookDelivery[]): Statement {
  return {
    sql: `INSERT INTO webhook_delivery (id, webhook, created_ms, body)
          SELECT value ->> 'id', value ->> 'webhook', value ->> 'createdMs', value ->> 'body' FROM json_each(?1)
           WHERE EXISTS (SELECT 1 FROM webhook WHERE name = value ->> 'webhook')
          ON CONFLICT (id) DO NOTHING`,
    params: [JSON.stringify(deliveries)],
  };
}

/** Webhooks, and the deliveries that they are owed, in `state.db`. */
export function createWebhookStore(db: Database): WebhookStore {
  return {
    ...webhookRows(sqliteTables(db)),

    async remove(name) {
      await db.transaction([
        { sql: 'DELETE FROM webhook WHERE name = ?1', params: [name] },
        { sql: 'DELETE FROM webhook_delivery WHERE webhook = ?1', params: [name] },
      ]);
    },
  };
}
