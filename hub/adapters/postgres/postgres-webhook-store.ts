import type { DeliveryClaimStore, WebhookStore } from '../../alarms/webhook-store.ts';
import { deliveryOf, webhookRows } from '../rows/webhook-rows.ts';
import type { Postgres } from './postgres.ts';
import type { PostgresOwner } from './postgres-owner.ts';
import { postgresTables } from './postgres-state-tables.ts';

/** Webhooks, and the deliveries that they are owed. */
export function createPostgresWebhooks(db: Postgres, owner: PostgresOwner): WebhookStore {
  const { hub, incarnation } = owner;
  return {
    ...webhookRows(postgresTables(db, owner), { hub, inc: incarnation }),

    async remove(name) {
      await db.transaction(async (query) => {
        await query('DELETE FROM webhook WHERE name = $1', [name]);
        await query('DELETE FROM webhook_delivery WHERE webhook = $1', [name]);
      });
    },
  };
}

function claiming(which: string): string {
  return `UPDATE webhook_delivery SET hub = $1, inc = $2 WHERE dead_ms IS NULL ${which}
    RETURNING seq, id, webhook, created_ms, body`;
}

/** Which hub sends which deliveries. */
export function createPostgresDeliveryClaims(
  db: Postgres,
  { hub, incarnation }: PostgresOwner,
): DeliveryClaimStore {
  return {
    async claim(whole) {
      const owner = [hub, incarnation];
      const rows = whole
        ? await db.longQuery(claiming(''), owner)
        : await db.query(claiming('AND hub IS NULL'), owner);
      return rows
        .toSorted((a, b) => Number(a['seq']) - Number(b['seq']))
        .map((row) => ({ ...deliveryOf(row), isShared: true }));
    },
  };
}
