import type { WebhookDelivery, Webhook, WebhookStore } from '../../alarms/webhook-store.ts';
import { recordTable } from './record-table.ts';
import type { Row } from './row.ts';
import type { StateTables, Value } from './state-tables.ts';

/**
 * The parts of the stores of webhooks and deliveries that both databases share. When two hubs change a row at the same moment,
 * PostgreSQL checks the later statement again, but only its conditions on that row and not its sub-queries. So each statement
 * repeats the condition for the row itself.
 * @param owner columns to set when a delivery is owed again: with several hubs, the hub that sends it
 */
export function webhookRows(
  tables: StateTables,
  owner: Readonly<Record<string, Value>> = {},
): Omit<WebhookStore, 'remove'> {
  const webhooks = recordTable<Webhook>(tables, 'webhook');
  const oneOf = (ids: readonly string[] | undefined, placeholder: string): string =>
    ids === undefined ? '' : `AND id ${tables.among(placeholder)}`;
  return {
    webhooks: () => webhooks.load(),
    add: (webhook) => webhooks.add(webhook.name, webhook),
    async deliveries() {
      const rows = await tables.load(
        'SELECT id, webhook, created_ms, body FROM webhook_delivery WHERE dead_ms IS NULL ORDER BY seq',
      );
      return rows.map(deliveryOf);
    },
    async dead(webhook, limit) {
      const rows = await tables.read(
        `SELECT id, webhook, created_ms, body, dead_ms, error FROM webhook_delivery
          WHERE webhook = $1 AND dead_ms IS NOT NULL ORDER BY dead_ms DESC, seq DESC LIMIT $2`,
        [webhook, limit],
      );
      return rows.map((row) => ({
        ...deliveryOf(row),
        deadMs: Number(row['dead_ms']),
        error: String(row['error']),
      }));
    },
    async deadCounts() {
      const rows = await tables.load(
        'SELECT webhook, count(*) AS n FROM webhook_delivery WHERE dead_ms IS NOT NULL GROUP BY webhook',
      );
      return new Map(rows.map((row) => [String(row['webhook']), Number(row['n'])]));
    },
    async bury({ id, webhook, deadMs, error }, keep) {
      await tables.write('UPDATE webhook_delivery SET dead_ms = $2, error = $3 WHERE id = $1', [
        id,
        deadMs,
        error,
      ]);
      // If the hub stops between the two statements, there is one dead delivery too many until the next one is added.
      const beyond = await tables.write(
        `DELETE FROM webhook_delivery WHERE dead_ms IS NOT NULL AND seq IN (
           SELECT seq FROM webhook_delivery WHERE webhook = $1 AND dead_ms IS NOT NULL
            ORDER BY dead_ms DESC, seq DESC LIMIT 1000000 OFFSET $2)
         RETURNING id`,
        [webhook, keep],
      );
      return beyond.length;
    },
    async revive({ webhook, ids, limit, nowMs }) {
      const values: Value[] = [webhook, nowMs, limit, ...(ids === undefined ? [] : [ids])];
      const owned = Object.keys(owner).map((column, at) => `, ${column} = $${values.length + at + 1}`);
      const rows = await tables.write(
        `UPDATE webhook_delivery SET dead_ms = NULL, error = NULL, created_ms = $2 ${owned.join('')} WHERE dead_ms IS NOT NULL AND seq IN (
           SELECT seq FROM webhook_delivery
            WHERE webhook = $1 AND dead_ms IS NOT NULL ${oneOf(ids, '$4')} ORDER BY seq LIMIT $3)
         RETURNING seq, id, webhook, created_ms, body`,
        [...values, ...Object.values(owner)],
      );
      return rows.toSorted((a, b) => Number(a['seq']) - Number(b['seq'])).map(deliveryOf);
    },
    async purge(webhook, ids) {
      const gone = await tables.write(
        `DELETE FROM webhook_delivery WHERE webhook = $1 AND dead_ms IS NOT NULL ${oneOf(ids, '$2')} RETURNING id`,
        [webhook, ...(ids === undefined ? [] : [ids])],
      );
      return gone.length;
    },
    async settle(ids) {
      await tables.write(`DELETE FROM webhook_delivery WHERE id ${tables.among('$1')}`, [ids]);
    },
  };
}

export function deliveryOf(row: Row): WebhookDelivery {
  return {
    id: String(row['id']),
    webhook: String(row['webhook']),
    createdMs: Number(row['created_ms']),
    body: String(row['body']),
  };
}
