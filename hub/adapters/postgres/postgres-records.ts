/** Tables of few rows, read as a whole at start: a name, and the record as JSON. */

import type { DayCountStore } from '../../admin/day-counts.ts';
import type { SilenceStore } from '../../alarms/alarm-store.ts';
import type { EnrolmentRecord, EnrolmentStore, PendingRequest } from '../../identity/enrolment.ts';
import type { NoticeStore } from '../../notices/notices.ts';
import type { ConsoleSessionStore } from '../../operators/console-sessions.ts';
import type { AccountRecord, OperatorStore, TokenRecord } from '../../operators/operator-store.ts';
import type { ScheduleStore } from '../../schedules/schedules.ts';
import type { Silence } from '../../../schemas/api/alarms.ts';
import type { Notice } from '../../../schemas/api/notices.ts';
import type { HubClockStore } from '../../telemetry/clock/hub-clock.ts';
import type { UpkeepProgress } from '../../telemetry/upkeep.ts';
import type { Schedule } from '../../schedules/schedule.ts';
import type { Postgres } from './postgres.ts';

interface RecordTable<T> {
  load(): Promise<T[]>;
  /** Adds the record, or replaces the one of this name. */
  save(name: string, record: T): Promise<void>;
  /** Rejects when the name is taken. */
  add(name: string, record: T): Promise<void>;
  remove(name: string): Promise<void>;
}

/** @param table its name, which only the program chooses */
export function recordTable<T>(db: Postgres, table: string): RecordTable<T> {
  const insert = `INSERT INTO ${table} (name, record) VALUES ($1, $2)`;
  return {
    async load() {
      const rows = await db.longQuery(`SELECT record FROM ${table} ORDER BY name`);
      // Written by `save` and `add` below, and by nothing else.
      return rows.map(({ record }) => JSON.parse(String(record)) as T);
    },
    async save(name, record) {
      const sql = `${insert} ON CONFLICT (name) DO UPDATE SET record = excluded.record`;
      await db.query(sql, [name, JSON.stringify(record)]);
    },
    async add(name, record) {
      await db.query(insert, [name, JSON.stringify(record)]);
    },
    async remove(name) {
      await db.query(`DELETE FROM ${table} WHERE name = $1`, [name]);
    },
  };
}

export function createPostgresSchedules(db: Postgres): ScheduleStore {
  const table = recordTable<Schedule>(db, 'schedule');
  return {
    load: () => table.load(),
    save: (schedule) => table.save(schedule.name, schedule),
    remove: (name) => table.remove(name),
  };
}

export function createPostgresNotices(db: Postgres): NoticeStore {
  const table = recordTable<Notice>(db, 'notice');
  return {
    load: () => table.load(),
    save: (notice) => table.add(notice.id, notice),
    remove: (id) => table.remove(id),
  };
}

export function createPostgresOperators(db: Postgres): OperatorStore {
  const accounts = recordTable<AccountRecord>(db, 'operator_account');
  const tokens = recordTable<TokenRecord>(db, 'operator_token');
  return {
    loadAccounts: () => accounts.load(),
    loadTokens: () => tokens.load(),
    saveAccount: (account) => accounts.save(account.name, account),
    saveToken: (token) => tokens.save(token.name, token),
    removeAccount: (name) => accounts.remove(name),
    removeToken: (name) => tokens.remove(name),
  };
}

export function createPostgresConsoleSessions(db: Postgres): ConsoleSessionStore {
  return recordTable(db, 'console_session');
}

export function createPostgresDayCounts(db: Postgres): DayCountStore {
  return recordTable(db, 'day_count');
}

export function createPostgresEnrolments(db: Postgres): EnrolmentStore {
  const enrolments = recordTable<EnrolmentRecord>(db, 'enrolment');
  const requests = recordTable<PendingRequest>(db, 'enrolment_request');
  return {
    load: () => enrolments.load(),
    save: (enrolment) => enrolments.save(enrolment.id, enrolment),
    remove: (id) => enrolments.remove(id),
    loadRequests: () => requests.load(),
    saveRequest: (request) => requests.save(request.deviceId, request),
    removeRequest: (deviceId) => requests.remove(deviceId),
  };
}

export function createPostgresSilences(db: Postgres): SilenceStore {
  return {
    async load() {
      const rows = await db.query('SELECT body FROM silence ORDER BY seq');
      // Written by `save` below, and by nothing else.
      return rows.map(({ body }) => JSON.parse(String(body)) as Silence);
    },
    async save(silence) {
      await db.query(
        'INSERT INTO silence (id, body) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET body = excluded.body',
        [silence.id, JSON.stringify(silence)],
      );
    },
    async remove(ids) {
      await db.query('DELETE FROM silence WHERE id = ANY($1::text[])', [ids]);
    },
  };
}

/** The latest time that a hub has believed. */
export function createPostgresHubClock(db: Postgres): HubClockStore {
  return {
    async lastMs() {
      const [row] = await db.query('SELECT last_ms FROM hub_clock');
      return Number(row?.['last_ms'] ?? 0);
    },
    async saveLastMs(ms) {
      await db.query(
        'INSERT INTO hub_clock (one, last_ms) VALUES (true, $1) ON CONFLICT (one) DO UPDATE SET last_ms = excluded.last_ms',
        [ms],
      );
    },
  };
}

/** How far the roll-ups have come. */
export function createPostgresUpkeep(db: Postgres): UpkeepProgress {
  return {
    async load() {
      const [row] = await db.query("SELECT at_ms FROM job_progress WHERE job = 'roll-up'");
      return row === undefined ? undefined : Number(row['at_ms']);
    },
    async save(rolledUpToMs) {
      await db.query(
        "INSERT INTO job_progress (job, at_ms) VALUES ('roll-up', $1) ON CONFLICT (job) DO UPDATE SET at_ms = excluded.at_ms",
        [rolledUpToMs],
      );
    },
  };
}
