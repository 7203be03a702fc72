/** The stores whose tables hold a name and the record as JSON. */

import type { DayCountStore, StoredHour } from '../../admin/day-counts.ts';
import type { FleetCourseStore } from '../../admin/fleet-course.ts';
import type { EnrolmentRecord, EnrolmentStore, PendingRequest } from '../../identity/enrolment.ts';
import type { NoticeStore } from '../../notices/notices.ts';
import type { ConsoleSessionStore, StoredSession } from '../../operators/console-sessions.ts';
import type { AccountRecord, OperatorStore, TokenRecord } from '../../operators/operator-store.ts';
import type { ScheduleStore } from '../../schedules/schedules.ts';
import type { Schedule } from '../../schedules/schedule.ts';
import { HubError } from '../../kernel/errors.ts';
import type { Notice } from '../../../schemas/api/notices.ts';
import { recordTable } from './record-table.ts';
import type { StateTables } from './state-tables.ts';

export function createSchedules(tables: StateTables): ScheduleStore {
  const table = recordTable<Schedule>(tables, 'schedule', tables.leads);
  return {
    load: () => table.load(),
    save: (schedule) => table.save(schedule.name, schedule),
    remove: (name) => table.remove(name),
  };
}

/** Scheduled notices. */
export function createNoticeRecords(tables: StateTables): NoticeStore {
  const table = recordTable<Notice>(tables, 'notice', tables.leads);
  return {
    load: () => table.load(),
    async save(notice) {
      if (!(await table.add(notice.id, notice)))
        throw new HubError('database-failed', `${notice.id} is taken, or another hub leads`);
    },
    take: (id) => table.take(id),
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
    addAccount: (account) => accounts.add(account.name, account),
    async changeAccount(known, change, { keepsAnAdmin }) {
      const only = keepsAnAdmin ? `$2 LIKE '%"role":"admin"%' OR ${anAdminStays}` : undefined;
      const changed = await accounts.change(known.name, known, change, only);
      return changed.kind === 'refused' ? { kind: 'last-admin' } : changed;
    },
    addToken: (token) => tokens.add(token.name, token),
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
  const table = recordTable<StoredSession>(tables, 'console_session');
  return {
    load: () => table.load(),
    async add(session) {
      await table.add(session.hash, session);
    },
    async used(known, usedMs) {
      await table.change(known.hash, known, (now) => (now.usedMs < usedMs ? { ...now, usedMs } : now));
    },
    remove: (hash) => table.remove(hash),
  };
}

/** Counts of the last hours, each under the number of its hour. @param sum two counts of one hour together */
export function createDayCountRecords(
  tables: StateTables,
  sum: (one: StoredHour, other: StoredHour) => StoredHour,
): DayCountStore {
  const table = recordTable<StoredHour>(tables, 'day_count');
  return {
    load: () => table.load(),
    async add(more) {
      const name = String(more.hour);
      while (!(await table.add(name, more))) {
        // What is stored is most likely something else, and is then read.
        const changed = await table.change(name, more, (now) => sum(now, more));
        if (changed.kind !== 'gone') return;
      }
    },
    remove: (name) => table.remove(name),
  };
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
    async add(enrolment) {
      if (!(await enrolments.add(enrolment.id, enrolment)))
        throw new HubError('database-failed', `${enrolment.id} is taken`);
    },
    spend(known) {
      const { labels, ...earlier } = known;
      const asKept = Object.keys(labels).length === 0 ? [known, earlier as EnrolmentRecord] : [known];
      return enrolments.replace(known.id, asKept, { ...known, used: known.used + 1 });
    },
    remove: (id) => enrolments.remove(id),
    loadRequests: () => requests.load(),
    saveRequest: (request, known) =>
      known === undefined
        ? requests.add(request.deviceId, request)
        : requests.replace(request.deviceId, [known], request),
    removeRequest: (deviceId) => requests.remove(deviceId),
  };
}
