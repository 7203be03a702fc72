/** Stores with few statements, which both databases understand. */

import type { Silence } from '../../../schemas/api/alarms.ts';
import type { SilenceStore } from '../../alarms/alarm-store.ts';
import type { Artifact } from '../../firmware/artifacts/artifact.ts';
import type { ArtifactStore } from '../../firmware/artifacts/artifact-store.ts';
import type { RemovalStore } from '../../registry/removals.ts';
import type { HubClockStore } from '../../telemetry/clock/hub-clock.ts';
import type { UpkeepProgress } from '../../telemetry/upkeep.ts';
import { isTrue, jsonOf } from './row.ts';
import type { StateTables } from './state-tables.ts';

export function createSilences(tables: StateTables): SilenceStore {
  return {
    async load() {
      const rows = await tables.load('SELECT body FROM silence ORDER BY seq');
      return rows.map(({ body }) => jsonOf(body) as Silence);
    },
    async save(silence) {
      await tables.write(
        'INSERT INTO silence (id, body) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET body = excluded.body',
        [silence.id, JSON.stringify(silence)],
      );
    },
    async remove(ids) {
      await tables.write(`DELETE FROM silence WHERE id ${tables.among('$1')}`, [ids]);
    },
  };
}

/** Descriptions of artifacts; their bytes are in the data folder. */
export function createArtifactRecords(tables: StateTables): ArtifactStore {
  return {
    async load() {
      const rows = await tables.load('SELECT body FROM firmware ORDER BY type, version');
      return rows.map(({ body }) => jsonOf(body) as Artifact);
    },
    async add(artifact) {
      const { type, version } = artifact;
      const added = await tables.write(
        'INSERT INTO firmware (type, version, body) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING type',
        [type, version, JSON.stringify(artifact)],
      );
      return added.length === 1;
    },
    async remove({ type, version }) {
      await tables.write('DELETE FROM firmware WHERE type = $1 AND version = $2', [type, version]);
    },
  };
}

/** Removals in progress. */
export function createRemovalRows(tables: StateTables): RemovalStore {
  return {
    async load() {
      const rows = await tables.load(
        'SELECT device_id, commands_ended FROM removed_device ORDER BY device_id',
      );
      return rows.map((row) => ({
        deviceId: String(row['device_id']),
        commandsEnded: isTrue(row['commands_ended']),
      }));
    },
    async commandsEnded(deviceIds) {
      const sql = `UPDATE removed_device SET commands_ended = $1 WHERE device_id ${tables.among('$2')}`;
      await tables.write(sql, [true, deviceIds]);
    },
    async settled(deviceId) {
      await tables.write('DELETE FROM removed_device WHERE device_id = $1 AND commands_ended', [deviceId]);
    },
  };
}

/** The latest time that any hub has believed. */
export function createHubClockRow(tables: StateTables): HubClockStore {
  return {
    async lastMs() {
      const [row] = await tables.read('SELECT last_ms FROM hub_clock', []);
      return Number(row?.['last_ms'] ?? 0);
    },
    async saveLastMs(ms, knownMs) {
      const saved = await tables.write(
        `INSERT INTO hub_clock (one, last_ms) VALUES ($1, $2) ON CONFLICT (one) DO UPDATE SET last_ms = excluded.last_ms
          WHERE hub_clock.last_ms <= excluded.last_ms OR hub_clock.last_ms = $3 RETURNING one`,
        [true, ms, knownMs],
      );
      return saved.length === 1;
    },
  };
}

/** How far the roll-ups have come, which the leader alone makes. */
export function createUpkeepRow(tables: StateTables): UpkeepProgress {
  return {
    async load() {
      const [row] = await tables.read('SELECT at_ms FROM job_progress WHERE job = $1', ['roll-up']);
      return row === undefined ? undefined : Number(row['at_ms']);
    },
    async save(rolledUpToMs) {
      await tables.write(
        `INSERT INTO job_progress (job, at_ms) SELECT $1, CAST($2 AS float8) WHERE ${tables.leads} ON CONFLICT (job) DO UPDATE SET at_ms = excluded.at_ms`,
        ['roll-up', rolledUpToMs],
      );
    },
  };
}
