import type { Delivery, Webhook, WebhookStore } from '../../../alarms/webhook-store.ts';
import type { Database } from '../sqlite.ts';
import type { Statement } from '../sqlite-protocol.ts';

/** To be part of the transaction that writes the alarms that they tell of. */
export function oweDeliveries(deliveries: readonly Delivery[]): Statement {
  return {
    sql: `INSERT INTO webhook_delivery (id, webhook, created_ms, body)
          SELECT value ->> 'id', value ->> 'webhook', value ->> 'createdMs', value ->> 'body' FROM json_each(?1)
           WHERE EXISTS (SELECT 1 FROM webhook WHERE name = value ->> 'webhook')
          ON CONFLICT (id) DO NOTHING`,
    params: [JSON.stringify(deliveries)],
  };
}

/** Webhooks and what they are owed, in `state.db`. */
export function createWebhookStore(db: Database): WebhookStore {
  return {
    async webhooks() {
      const rows = await db.read('SELECT body FROM webhook ORDER BY name');
      // Written by `add` below, and by nothing else.
      return rows.map((row) => JSON.parse(String(row['body'])) as Webhook);
    },

    async deliveries() {
      const rows = await db.read('SELECT id, webhook, created_ms, body FROM webhook_delivery ORDER BY seq');
      return rows.map((row) => ({
        id: String(row['id']),
        webhook: String(row['webhook']),
        createdMs: Number(row['created_ms']),
        body: String(row['body']),
      }));
    },

    async add(webhook) {
      const params = [webhook.name, JSON.stringify(webhook)];
      await db.transaction([{ sql: 'INSERT INTO webhook (name, body) VALUES (?1, ?2)', params }]);
    },

    async remove(name) {
      await db.transaction([
        { sql: 'DELETE FROM webhook WHERE name = ?1', params: [name] },
        { sql: 'DELETE FROM webhook_delivery WHERE webhook = ?1', params: [name] },
      ]);
    },

    async settle(ids) {
      const sql = 'DELETE FROM webhook_delivery WHERE id IN (SELECT value FROM json_each(?1))';
      await db.transaction([{ sql, params: [JSON.stringify(ids)] }]);
    },
  };
}
