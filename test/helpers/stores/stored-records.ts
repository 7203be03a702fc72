import type { AlarmChange, AlarmRow } from '../../../hub/alarms/alarm-store.ts';
import type { GroupCommand } from '../../../hub/commands/group/group-command.ts';
import type { Schedule } from '../../../hub/schedules/schedule.ts';

/** Records as a state keeps them, with texts and numbers that a store could change. */

export const oddText = `"ß" ' \u2028 \u0000 \\`;

export function storedSchedule(name: string, overrides: Partial<Schedule> = {}): Schedule {
  return {
    name,
    cron: '0 3 * * *',
    timeZone: 'Europe/Berlin',
    to: 'all',
    action: { kind: 'notice', topic: 'news', data: { text: oddText } },
    catchUp: 'skip',
    jitterMs: 0,
    paused: false,
    actor: 'operator:anna',
    createdMs: 1.5,
    runKey: 'abcdefgh',
    ...overrides,
  };
}

export function storedGroupCommand(id: string, overrides: Partial<GroupCommand> = {}): GroupCommand {
  return {
    id,
    to: 'all',
    name: 'look',
    params: {},
    wave: 1,
    maxFailures: 0,
    jitterMs: 0,
    acceptedMs: 1,
    requester: { actor: 'operator:anna', origin: 'http' },
    status: 'running',
    ...overrides,
  };
}

/** A change of an alarm that nobody has changed before. */
export function alarmChange(row: AlarmRow, overrides: Partial<AlarmChange> = {}): AlarmChange {
  return { name: { device: row.device, source: row.source }, row, deliveries: [], ...overrides };
}

export function storedAlarm(device: string, source: string, n: number): AlarmRow {
  return {
    device,
    source,
    n,
    kind: 'limit',
    severity: 'warning',
    text: oddText,
    value: 1.5,
    lasting: true,
    state: 'raised',
    count: 1,
    firstMs: 1.5,
    lastMs: 2.5,
  };
}
