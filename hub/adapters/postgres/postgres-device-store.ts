import { deviceUnknown } from '../../kernel/errors.ts';
import type {
  DeviceNews,
  DeviceRecord,
  DeviceStore,
  Opened,
  SessionOpening,
} from '../../registry/device-store.ts';
import { addOnce, anchoredBootOf, deviceOf } from '../rows/device-rows.ts';
import type { PgRow, Postgres } from './postgres.ts';
import { PostgresChanges } from './postgres-changes.ts';
import type { PostgresOwner } from './postgres-owner.ts';
import { removedReason } from './postgres-presence-store.ts';

/** Rows read at a time. */
const pageSize = 10_000;

const selectDevices = `SELECT id, type, site, credentials, created_ms, disabled, rotation_due_ms, labels, enrolment_id, epoch,
  connected_before FROM device JOIN device_state ON device_id = id`;

/** Devices, their epochs and the anchors of their boots. */
export function createPostgresDevices(db: Postgres, owner: PostgresOwner): DeviceStore {
  const openings = db.batches<SessionOpening, Opened>({
    laneOf: ({ deviceId }) => deviceId,
    run: (items) => openSessions(db, owner, items),
  });

  return {
    async load() {
      const records: DeviceRecord[] = [];
      for (;;) {
        const rows = await db.longQuery(`${selectDevices} WHERE id > $1 COLLATE "C" ORDER BY id LIMIT $2`, [
          records.at(-1)?.id ?? '',
          pageSize,
        ]);
        records.push(...rows.map(deviceOf));
        if (rows.length < pageSize) return records;
      }
    },

    add: (records) => addDevices(db, records),

    change: (known, change) => changeDevice(db, known, change),

    remove: (id) => removeDevice(db, id),

    openSession: (opening) => openings.add(opening),

    async anchoredBoots(deviceId) {
      const sql = 'SELECT boot, anchor_ms, uptime_ms FROM boot_anchor WHERE device_id = $1';
      const rows = await db.query(sql, [deviceId]);
      return rows.map(anchoredBootOf);
    },

    async addAnchorStep(deviceId, { boot, fromMs, anchorMs }) {
      await db.query(
        `INSERT INTO boot_anchor_step (device_id, boot, from_ms, anchor_ms) VALUES ($1, $2, $3, $4)
         ON CONFLICT DO NOTHING`,
        [deviceId, boot, fromMs, anchorMs],
      );
    },

    async noteUptime(deviceId, boot, uptimeMs) {
      await db.query(
        `UPDATE boot_anchor SET uptime_ms = greatest(uptime_ms, $3) WHERE device_id = $1 AND boot = $2`,
        [deviceId, boot, uptimeMs],
      );
    },
  };
}

async function changeDevice(
  db: Postgres,
  known: DeviceRecord,
  change: (now: DeviceRecord) => DeviceRecord,
): Promise<DeviceRecord> {
  let now = known;
  let onDisk = changeableOf(known);
  for (;;) {
    const next = change(now);
    const changed = await db.query(
      `UPDATE device SET credentials = $2, disabled = $3, rotation_due_ms = $4, labels = $5
        WHERE id = $1 AND credentials = $6 AND disabled = $7 AND rotation_due_ms IS NOT DISTINCT FROM $8 AND labels = $9
       RETURNING id`,
      [known.id, ...changeableOf(next), ...onDisk],
    );
    if (changed.length === 1) return next;
    const [row] = await db.query(`${selectDevices} WHERE id = $1`, [known.id]);
    if (row === undefined) throw deviceUnknown(known.id);
    now = deviceOf(row);
    const { credentials, disabled, rotation_due_ms: dueMs, labels } = row;
    // The texts themselves: whoever wrote them may have put them down in another way.
    onDisk = [
      String(credentials),
      disabled === true,
      typeof dueMs === 'number' ? dueMs : null,
      String(labels),
    ];
  }
}

type Changeable = [credentials: string, disabled: boolean, dueMs: number | null, labels: string];

function changeableOf({ credentials, disabled, rotationDueMs, labels = {} }: DeviceRecord): Changeable {
  return [JSON.stringify(credentials), disabled, rotationDueMs ?? null, JSON.stringify(labels)];
}

export function createPostgresNews(db: Postgres): DeviceNews {
  const changes = new PostgresChanges(db, 'device_change', 'device_id');
  return {
    changed: () =>
      changes.read(async (noted) => {
        const ids = noted.map((row) => String(row['device_id']));
        const found =
          ids.length === 0 ? [] : await db.query(`${selectDevices} WHERE id = ANY($1::text[])`, [ids]);
        const news = new Map<string, DeviceRecord | undefined>(ids.map((id) => [id, undefined]));
        for (const row of found) news.set(String(row['id']), deviceOf(row));
        return news;
      }),
  };
}

/** A writer of anything about a device takes this lock first, and writes nothing when the device no longer exists. */
export function registeredAmong(placeholder: string): string {
  return `SELECT d.id FROM device d WHERE d.id = ANY(${placeholder}::text[]) ORDER BY d.id FOR KEY SHARE`;
}

/** Waits for the present writers of the device and keeps new ones out, so that it finds everything about the device. */
async function removeDevice(db: Postgres, id: string): Promise<void> {
  await db.transaction(async (query) => {
    await query('SELECT 1 FROM device WHERE id = $1 FOR UPDATE', [id]);
    await query('SELECT 1 FROM device_state WHERE device_id = $1 FOR UPDATE', [id]);
    const gone = await query(removal, [id]);
    if (gone.length !== 1) throw deviceUnknown(id);
  });
}

/** Deletes everything about the device except its epoch and the revision of its twin. */
const removal = `
  WITH gone AS (DELETE FROM device WHERE id = $1 RETURNING id),
  noted AS (INSERT INTO removed_device (device_id, commands_ended) SELECT id, false FROM gone
              ON CONFLICT (device_id) DO UPDATE SET commands_ended = false),
  stated AS (UPDATE device_state SET state = NULL, reason = '${removedReason}', since_ms = NULL, n = 0, until_ms = NULL, pong_ms = NULL,
               frame_ms = NULL, data_ms = NULL, heartbeat_ms = NULL, grace_ms = NULL, last_session = NULL, connected_before = false
               FROM gone WHERE device_id = gone.id),
  listed AS (DELETE FROM device_list USING gone WHERE device_id = gone.id),
  twinned AS (UPDATE twin SET rev = rev + 1, desired = '{}', reported = '{}', reported_ms = NULL, dealt_rev = 0, errors = '[]'
                FROM gone WHERE device_id = gone.id),
  changed AS (DELETE FROM twin_change USING gone WHERE device_id = gone.id),
  alarmed AS (DELETE FROM alarm USING gone WHERE device_id = gone.id),
  anchored AS (DELETE FROM boot_anchor USING gone WHERE device_id = gone.id),
  stepped AS (DELETE FROM boot_anchor_step USING gone WHERE device_id = gone.id)
  SELECT id FROM gone`;

function addDevices(db: Postgres, records: readonly DeviceRecord[]): Promise<ReadonlyMap<string, number>> {
  // In the order of ids, so that two hubs that add the same devices do not wait for each other in a circle.
  const given = records.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  const insert = async (): Promise<PgRow[]> => {
    const rows = await db.longQuery(
      `WITH given AS (
         SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::float8[], $6::boolean[], $7::text[], $8::text[])
           AS g(id, type, site, credentials, created_ms, disabled, labels, enrolment_id)),
       added AS (
         INSERT INTO device (id, type, site, credentials, created_ms, disabled, labels, enrolment_id)
         SELECT id, type, site, credentials, created_ms, disabled, labels, enrolment_id FROM given RETURNING id)
       INSERT INTO device_state AS s (device_id, epoch) SELECT id, coalesce((SELECT f.epoch + 1 FROM epoch_floor f), 0) FROM added
         ON CONFLICT (device_id) DO UPDATE SET epoch = s.epoch + 1, reason = NULL
       RETURNING device_id, epoch`,
      [
        given.map(({ id }) => id),
        given.map(({ type }) => type),
        given.map(({ site }) => site),
        given.map(({ credentials }) => JSON.stringify(credentials)),
        given.map(({ createdMs }) => createdMs),
        given.map(({ disabled }) => disabled),
        given.map(({ labels = {} }) => JSON.stringify(labels)),
        given.map(({ enrolmentId = null }) => enrolmentId),
      ],
    );
    return rows.filter((row) => row['epoch'] !== 0);
  };
  return addOnce(records, insert, (ids) =>
    db.query('SELECT id FROM device WHERE id = ANY($1::text[]) ORDER BY id', [ids]),
  );
}

async function openSessions(
  db: Postgres,
  { hub, incarnation }: PostgresOwner,
  openings: readonly SessionOpening[],
): Promise<Opened[]> {
  const rows = await db.query(
    'SELECT * FROM open_sessions($1, $2, $3::text[], $4::text[], $5::float8[], $6::float8[], $7::text[])',
    [
      hub,
      incarnation,
      openings.map(({ deviceId }) => deviceId),
      openings.map(({ boot }) => boot),
      openings.map(({ uptimeMs }) => uptimeMs),
      openings.map(({ nowMs = null }) => nowMs),
      openings.map(({ unseenBoots = [] }) => JSON.stringify(unseenBoots)),
    ],
  );
  const opened: Opened[] = openings.map(() => ({ kind: 'not-ours' }));
  for (const row of rows) opened[Number(row['at']) - 1] = openedOf(row);
  return opened;
}

/** @param row of `open_sessions` */
function openedOf(row: PgRow): Opened {
  const anchors = (row['anchors'] ?? []) as [string, number][];
  const steps = (row['steps'] ?? []) as [string, number, number][];
  const unseenBoots = Number(row['kept_unseen']);
  const { was_hub: from, moved } = row;
  const commands = Number(moved);
  const move = { ...(typeof from === 'string' ? { from } : {}), commands };
  return {
    kind: 'opened',
    epoch: Number(row['epoch']),
    ...(unseenBoots === 0 ? {} : { unseenBoots }),
    ...(move.from === undefined && commands === 0 ? {} : { move }),
    anchors: new Map(anchors),
    steps: steps.map(([boot, fromMs, anchorMs]) => ({ boot, fromMs, anchorMs })),
  };
}
