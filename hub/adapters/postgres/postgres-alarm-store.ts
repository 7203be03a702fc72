import type { AlarmRow, AlarmStore } from '../../alarms/alarm-store.ts';
import type { Webhook, WebhookStore } from '../../alarms/webhook-store.ts';
import type { IncidentStore, StoredIncident } from '../../incidents/incident-log.ts';
import type { Postgres } from './postgres.ts';
import { recordTable } from './postgres-records.ts';

/** Closed incidents that are kept to be listed. */
const keptClosed = 500;

export function createPostgresAlarms(db: Postgres): AlarmStore {
  return {
    async load() {
      const rows = await db.longQuery('SELECT body FROM alarm ORDER BY n');
      // Written by `save` below, and by nothing else.
      return rows.map(({ body }) => JSON.parse(String(body)) as AlarmRow);
    },

    async save(rows, dropped, deliveries) {
      await db.query(
        `WITH saved AS (
           INSERT INTO alarm (device_id, source, n, body)
           SELECT g.* FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[]) AS g(device_id, source, n, body)
            -- What changes while a device is removed is not kept of it.
            WHERE g.device_id = '' OR EXISTS (SELECT 1 FROM device d WHERE d.id = g.device_id)
           ON CONFLICT (device_id, source) DO UPDATE SET n = excluded.n, body = excluded.body),
         gone AS (
           DELETE FROM alarm a USING unnest($5::text[], $6::text[]) AS g(device_id, source)
            WHERE a.device_id = g.device_id AND a.source = g.source)
         INSERT INTO webhook_delivery (id, webhook, created_ms, body)
         SELECT g.id, g.webhook, g.created_ms, g.body
           FROM unnest($7::text[], $8::text[], $9::float8[], $10::text[]) WITH ORDINALITY AS g(id, webhook, created_ms, body, at)
          WHERE EXISTS (SELECT 1 FROM webhook w WHERE w.name = g.webhook) ORDER BY g.at
         ON CONFLICT (id) DO NOTHING`,
        [
          rows.map(({ device }) => device),
          rows.map(({ source }) => source),
          rows.map(({ n }) => n),
          rows.map((row) => JSON.stringify(row)),
          dropped.map(({ device }) => device),
          dropped.map(({ source }) => source),
          deliveries.map(({ id }) => id),
          deliveries.map(({ webhook }) => webhook),
          deliveries.map(({ createdMs }) => createdMs),
          deliveries.map(({ body }) => body),
        ],
      );
    },
  };
}

/** Webhooks and what they are owed. */
export function createPostgresWebhooks(db: Postgres): WebhookStore {
  const webhooks = recordTable<Webhook>(db, 'webhook');
  return {
    webhooks: () => webhooks.load(),
    add: (webhook) => webhooks.add(webhook.name, webhook),

    async deliveries() {
      const rows = await db.longQuery(
        'SELECT id, webhook, created_ms, body FROM webhook_delivery ORDER BY seq',
      );
      return rows.map((row) => ({
        id: String(row['id']),
        webhook: String(row['webhook']),
        createdMs: Number(row['created_ms']),
        body: String(row['body']),
      }));
    },

    async remove(name) {
      await db.query(
        `WITH gone AS (DELETE FROM webhook WHERE name = $1) DELETE FROM webhook_delivery WHERE webhook = $1`,
        [name],
      );
    },

    async settle(ids) {
      await db.query('DELETE FROM webhook_delivery WHERE id = ANY($1::text[])', [ids]);
    },
  };
}

export function createPostgresIncidents(db: Postgres): IncidentStore {
  return {
    async load() {
      const rows = await db.longQuery('SELECT body FROM incident ORDER BY since_ms, seq');
      // Written by `save` below, and by nothing else.
      return rows.map(({ body }) => JSON.parse(String(body)) as StoredIncident);
    },

    async save(given) {
      // Of one incident the last row is what it is now.
      const newest = [...new Map(given.map((incident) => [incident.id, incident])).values()];
      await db.query(
        `INSERT INTO incident (id, since_ms, open, body)
         SELECT g.id, g.since_ms, g.open, g.body
           FROM unnest($1::text[], $2::float8[], $3::boolean[], $4::text[]) WITH ORDINALITY AS g(id, since_ms, open, body, at)
          ORDER BY g.at
         ON CONFLICT (id) DO UPDATE SET open = excluded.open, body = excluded.body`,
        [
          newest.map(({ id }) => id),
          newest.map(({ sinceMs }) => sinceMs),
          newest.map(({ state }) => state === 'open'),
          newest.map((incident) => JSON.stringify(incident)),
        ],
      );
      await db.query(
        `DELETE FROM incident WHERE seq IN (
           SELECT seq FROM incident WHERE NOT open ORDER BY since_ms DESC, seq DESC OFFSET $1)`,
        [keptClosed],
      );
    },
  };
}
