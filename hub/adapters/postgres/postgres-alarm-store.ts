import type {
  AlarmChange,
  AlarmName,
  AlarmNewsStore,
  AlarmRow,
  AlarmSaved,
  AlarmStore,
  StoredAlarm,
} from '../../alarms/alarm-store.ts';
import type { IncidentStore, StoredIncident } from '../../incidents/incident-log.ts';
import { jsonOf } from '../rows/row.ts';
import type { PgRow, Postgres } from './postgres.ts';
import { PostgresChanges } from './postgres-changes.ts';
import { registeredAmong } from './postgres-device-store.ts';
import type { PostgresOwner } from './postgres-owner.ts';

/** Closed incidents that are kept to be listed. */
const keptClosed = 500;

/** Begins the `device_id` of a hub's own alarms. No id of a device begins with it. */
const hubMark = '@';

/** The alarms of all devices, which hubs share, and this hub's own alarms. */
export function createPostgresAlarms(db: Postgres, { hub }: PostgresOwner): AlarmStore {
  const own = `${hubMark}${hub}`;
  const idOf = (device: string): string => (device === '' ? own : device);
  return {
    async load() {
      await claimOwn(db, own);
      const rows = await db.longQuery(
        `SELECT device_id, body, rev FROM alarm WHERE device_id = $1 OR device_id NOT LIKE '${hubMark}%' ORDER BY n, device_id`,
        [own],
      );
      return rows.map(storedOf);
    },

    async save(changes) {
      const rows = await db.query(saving, [
        changes.map(({ name }) => idOf(name.device)),
        changes.map(({ name }) => name.source),
        changes.map(({ row }) => row?.n ?? null),
        changes.map(({ row }) => (row === undefined ? null : JSON.stringify(row))),
        changes.map(({ from }) => from ?? null),
        ...deliveryColumns(changes),
      ]);
      const saved = new Map(rows.map((row) => [Number(row['at']) - 1, row['rev']]));
      const left = changes.flatMap(({ name }, at) => (saved.has(at) ? [] : [name]));
      const found = await readAgain(db, left, idOf);
      return changes.map(({ name, row }, at): AlarmSaved => {
        if (saved.has(at)) return { kind: 'saved', rev: Number(saved.get(at)) };
        const now = found.get(`${idOf(name.device)} ${name.source}`);
        if (now === undefined && row === undefined) return { kind: 'saved' };
        if (now?.['registered'] === false) return { kind: 'not-kept' };
        return { kind: 'overtaken', now: typeof now?.['body'] === 'string' ? storedOf(now) : undefined };
      });
    },
  };
}

/**
 * Saves each change, unless its alarm has changed since it was read. Rows are locked in the order of their names, so that hubs
 * never wait for each other in a circle.
 */
const saving = `
  WITH registered AS (${registeredAmong('$1')}),
  given AS (
    SELECT g.*, g.device_id LIKE '${hubMark}%' OR registered.id IS NOT NULL AS is_registered
      FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::bigint[]) WITH ORDINALITY
        AS g(device_id, source, n, body, made_of, at) LEFT JOIN registered ON registered.id = g.device_id),
  held AS (
    SELECT g.* FROM given g JOIN alarm a ON a.device_id = g.device_id AND a.source = g.source AND a.rev = g.made_of
     ORDER BY g.device_id, g.source FOR UPDATE OF a),
  added AS (
    INSERT INTO alarm (device_id, source, n, body)
    SELECT device_id, source, n, body FROM given g
     WHERE made_of IS NULL AND body IS NOT NULL AND is_registered
     ORDER BY device_id, source
    ON CONFLICT (device_id, source) DO NOTHING RETURNING device_id, source, rev),
  changed AS (
    UPDATE alarm a SET n = h.n, body = h.body FROM held h
     WHERE a.device_id = h.device_id AND a.source = h.source AND a.rev = h.made_of AND h.body IS NOT NULL
    RETURNING a.device_id, a.source, a.rev),
  gone AS (
    DELETE FROM alarm a USING held h
     WHERE a.device_id = h.device_id AND a.source = h.source AND a.rev = h.made_of AND h.body IS NULL
    RETURNING a.device_id, a.source, a.rev),
  saved AS (
    SELECT g.at, s.rev FROM given g JOIN (
      SELECT * FROM added UNION ALL SELECT * FROM changed UNION ALL SELECT * FROM gone) s
        ON s.device_id = g.device_id AND s.source = g.source),
  -- Who removes a webhook waits, and then removes what it is owed here, too.
  there AS (SELECT w.name FROM webhook w WHERE w.name = ANY($7::text[]) ORDER BY w.name FOR KEY SHARE),
  owed AS (
    INSERT INTO webhook_delivery (id, webhook, created_ms, body)
    SELECT o.id, o.webhook, o.created_ms, o.body
      FROM unnest($6::text[], $7::text[], $8::float8[], $9::text[], $10::bigint[]) WITH ORDINALITY
        AS o(id, webhook, created_ms, body, change, at) JOIN there ON there.name = o.webhook
     WHERE o.change IN (SELECT saved.at FROM saved)
     ORDER BY o.at
    ON CONFLICT (id) DO NOTHING)
  SELECT at, rev FROM saved`;

/** The deliveries that webhooks are owed, each with the number of its change. */
function deliveryColumns(changes: readonly AlarmChange[]): (string | number)[][] {
  const owed = changes.flatMap(({ deliveries }, at) =>
    deliveries.map((each) => ({ ...each, change: at + 1 })),
  );
  return [
    owed.map(({ id }) => id),
    owed.map(({ webhook }) => webhook),
    owed.map(({ createdMs }) => createdMs),
    owed.map(({ body }) => body),
    owed.map(({ change }) => change),
  ];
}

/** Reads the alarms that another hub changed first, by device and source, and whether the device is registered. */
async function readAgain(
  db: Postgres,
  names: readonly AlarmName[],
  idOf: (device: string) => string,
): Promise<Map<string, PgRow>> {
  if (names.length === 0) return new Map();
  const rows = await db.query(
    `SELECT g.device_id, g.source, a.body, a.rev,
            g.device_id LIKE '${hubMark}%' OR EXISTS (SELECT 1 FROM device d WHERE d.id = g.device_id) AS registered
       FROM unnest($1::text[], $2::text[]) AS g(device_id, source)
       LEFT JOIN alarm a ON a.device_id = g.device_id AND a.source = g.source`,
    [names.map(({ device }) => idOf(device)), names.map(({ source }) => source)],
  );
  return new Map(rows.map((row) => [`${String(row['device_id'])} ${String(row['source'])}`, row]));
}

/** Takes over this hub's own alarms from a data folder or an earlier version, and deletes those of forgotten hubs. */
async function claimOwn(db: Postgres, own: string): Promise<void> {
  await db.longQuery(
    `WITH known AS (SELECT source FROM alarm WHERE device_id = $1),
     mine AS (UPDATE alarm SET device_id = $1 WHERE device_id = '' AND source NOT IN (SELECT source FROM known))
     DELETE FROM alarm WHERE (device_id = '' AND source IN (SELECT source FROM known))
        OR (device_id LIKE '${hubMark}%' AND NOT EXISTS (SELECT 1 FROM hub h WHERE '${hubMark}' || h.id = device_id))`,
    [own],
  );
}

function storedOf({ body, rev }: PgRow): StoredAlarm {
  return { row: jsonOf(body) as AlarmRow, rev: Number(rev) };
}

/** As `createPostgresNews`, for alarms of devices, silences and webhooks. */
export function createPostgresAlarmNews(db: Postgres): AlarmNewsStore {
  const changes = new PostgresChanges(db, 'alarm_change', 'device_id, source');
  return {
    changed: () =>
      changes.read(async (noted) => {
        const names = noted.flatMap(({ device_id: id, source }) =>
          typeof id === 'string' && id !== '' && !id.startsWith(hubMark)
            ? [{ device: id, source: String(source) }]
            : [],
        );
        const found = await readAgain(db, names, (id) => id);
        const isWhole = (table: string): boolean =>
          noted.some(({ device_id: id, source }) => id === null && source === table);
        return {
          alarms: names.map((name) => {
            const row = found.get(`${name.device} ${name.source}`);
            return { name, now: typeof row?.['body'] === 'string' ? storedOf(row) : undefined };
          }),
          silences: isWhole('silence'),
          webhooks: isWhole('webhook'),
        };
      }),
  };
}

/** Each hub writes those that it tells of: the leader, and whoever found one out. */
export function createPostgresIncidents(db: Postgres, { hub, incarnation }: PostgresOwner): IncidentStore {
  return {
    /** Takes over those whose hub has ended, as far as something is still to be told of them. */
    async load() {
      const ours = await db.longQuery(
        `WITH taken AS (
           UPDATE incident i SET hub = $1, inc = $2 WHERE (open OR body LIKE '%,"owed":true%') AND NOT EXISTS (
             SELECT 1 FROM hub h WHERE h.id = i.hub AND h.inc = i.inc AND h.state = 'up') RETURNING id)
         SELECT id FROM taken UNION SELECT id FROM incident WHERE hub = $1 AND inc = $2`,
        [hub, incarnation],
      );
      const own = new Set(ours.map(({ id }) => String(id)));
      const rows = await db.longQuery(
        'SELECT body FROM incident WHERE NOT open OR id = ANY($1::text[]) ORDER BY since_ms, seq',
        [[...own]],
      );
      return incidentsOf(rows).map((stored) => {
        const { owed: _, ...told } = stored;
        return own.has(stored.id) ? stored : told;
      });
    },

    async ofOthers() {
      const others = 'hub IS DISTINCT FROM $1 OR inc IS DISTINCT FROM $2';
      const sql = `SELECT body FROM incident WHERE ${others} ORDER BY since_ms, seq`;
      return incidentsOf(await db.longQuery(sql, [hub, incarnation])).map((stored) => {
        const { members: _, owed: __, ...incident } = stored;
        return incident;
      });
    },

    async save(given) {
      // The last row of an incident is its present state.
      const newest = [...new Map(given.map((incident) => [incident.id, incident])).values()];
      await db.query(
        `INSERT INTO incident (id, since_ms, open, body, hub, inc)
         SELECT g.id, g.since_ms, g.open, g.body, $5, $6
           FROM unnest($1::text[], $2::float8[], $3::boolean[], $4::text[]) WITH ORDINALITY AS g(id, since_ms, open, body, at)
          ORDER BY g.at
         ON CONFLICT (id) DO UPDATE SET open = excluded.open, body = excluded.body
          WHERE incident.hub = excluded.hub AND incident.inc = excluded.inc`,
        [
          newest.map(({ id }) => id),
          newest.map(({ sinceMs }) => sinceMs),
          newest.map(({ state }) => state === 'open'),
          newest.map((incident) => JSON.stringify(incident)),
          hub,
          incarnation,
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

function incidentsOf(rows: readonly PgRow[]): StoredIncident[] {
  return rows.map(({ body }) => jsonOf(body) as StoredIncident);
}
