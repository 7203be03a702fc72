/** The stores whose tables hold a name and the record as JSON. */

import type { DayCountStore } from '../../admin/day-counts.ts';
import type { FleetCourseStore } from '../../admin/fleet-course.ts';
import type { EnrolmentRecord, EnrolmentStore, PendingRequest } from '../../identity/enrolment.ts';
import type { NoticeStore } from '../../notices/notices.ts';
import type { ConsoleSessionStore } from '../../operators/console-sessions.ts';
import type { AccountRecord, OperatorStore, TokenRecord } from '../../operators/operator-store.ts';
import type { ScheduleStore } from '../../schedules/schedules.ts';
import type { Schedule } from '../../schedules/schedule.ts';
import type { Notice } from '../../../schemas/api/notices.ts';
import { recordTable } from './record-table.ts';
import type { StateTables } from './state-tables.ts';

export function createSchedules(tables: StateTables): ScheduleStore {
  const table = recordTable<Schedule>(tables, 'schedule');
  return {
    load: () => table.load(),
    save: (schedule) => table.save(schedule.name, schedule),
    remove: (name) => table.remove(name),
  };
}

/** Scheduled notices. */
export function createNoticeRecords(tables: StateTables): NoticeStore {
  const table = recordTable<Notice>(tables, 'notice');
  return {
    load: () => table.load(),
    save: (notice) => table.add(notice.id, notice),
    remove: (id) => table.remove(id),
  };
}

/** Accounts and tokens. */
export function createOperatorRecords(tables: StateTables): OperatorStore {
  const accounts = recordTable<AccountRecord>(tables, 'operator_account');
  const tokens = recordTable<TokenRecord>(tables, 'operator_token');
  // Not read as JSON: PostgreSQL refuses the whole text for one `\u0000`. Inside a string these quotes would be escaped.
  const isAdmin = `record LIKE '%"role":"admin"%'`;
  // Held in the order of names, so that of two that go at one moment the second does not count the first.
  const anAdminStays = `(NOT EXISTS (SELECT 1 FROM operator_account WHERE name = $1 AND ${isAdmin}) OR EXISTS (
    SELECT 1 FROM (SELECT name FROM operator_account WHERE ${isAdmin} ORDER BY name ${tables.held}) AS admins WHERE name <> $1))`;
  return {
    loadAccounts: () => accounts.load(),
    loadTokens: () => tokens.load(),
    saveAccount: (account) => accounts.save(account.name, account),
    async saveKeepingAnAdmin(account) {
      const saved = await tables.write(
        `INSERT INTO operator_account (name, record) SELECT $1, $2 WHERE ${anAdminStays}
         ON CONFLICT (name) DO UPDATE SET record = excluded.record RETURNING name`,
        [account.name, JSON.stringify(account)],
      );
      return saved.length === 1;
    },
    saveToken: (token) => tokens.save(token.name, token),
    removeAccount: (name) => accounts.remove(name),
    async removeKeepingAnAdmin(name) {
      await tables.write(`DELETE FROM operator_account WHERE name = $1 AND ${anAdminStays}`, [name]);
      const left = await tables.read('SELECT 1 FROM operator_account WHERE name = $1', [name]);
      return left.length === 0;
    },
    removeToken: (name) => tokens.remove(name),
  };
}

/** The console's logins, named by the hash of the cookie. */
export function createConsoleSessionRecords(tables: StateTables): ConsoleSessionStore {
  return recordTable(tables, 'console_session');
}

/** Counts of the last hours, each under the number of its hour. */
export function createDayCountRecords(tables: StateTables): DayCountStore {
  return recordTable(tables, 'day_count');
}

/** How many devices were in each state; each sample is under its time. */
export function createFleetCourseRecords(tables: StateTables): FleetCourseStore {
  return recordTable(tables, 'fleet_sample');
}

/** Enrolment tokens, and requests that wait for approval. */
export function createEnrolmentRecords(tables: StateTables): EnrolmentStore {
  const enrolments = recordTable<EnrolmentRecord>(tables, 'enrolment');
  const requests = recordTable<PendingRequest>(tables, 'enrolment_request');
  return {
    // Enrolments of earlier releases have no labels.
    load: async () =>
      (await enrolments.load()).map((enrolment) =>
        Object.hasOwn(enrolment, 'labels') ? enrolment : { ...enrolment, labels: {} },
      ),
    save: (enrolment) => enrolments.save(enrolment.id, enrolment),
    spend(known) {
      const { labels, ...earlier } = known;
      const asKept = Object.keys(labels).length === 0 ? [known, earlier as EnrolmentRecord] : [known];
      return enrolments.replace(known.id, asKept, { ...known, used: known.used + 1 });
    },
    remove: (id) => enrolments.remove(id),
    loadRequests: () => requests.load(),
    saveRequest: (request) => requests.save(request.deviceId, request),
    removeRequest: (deviceId) => requests.remove(deviceId),
  };
}
