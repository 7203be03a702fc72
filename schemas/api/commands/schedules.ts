/** Schedules: commands and notices at their times. */

import { Type, type Static } from 'typebox';
import { maxTtlMs } from './commands.ts';
import { resource } from '../operation.ts';
import {
  choice,
  closed,
  count,
  defaulted,
  jsonObject,
  limitOf,
  list,
  named,
  nameOf,
  nothing,
  timeMs,
} from '../values.ts';

const text = (description: string) => Type.String({ minLength: 1, maxLength: 256, description });
const maxDevices = 100_000;
const dayMs = 86_400_000;

/** What a schedule does at its time. */
export const ScheduledAction = named(
  'ScheduledAction',
  Type.Union([
    closed({
      kind: Type.Literal('command'),
      name: text('of the command'),
      params: jsonObject('of the command'),
      ttlMs: Type.Optional(
        Type.Integer({ minimum: 1, maximum: maxTtlMs, description: 'not begun later than this, ms' }),
      ),
      wave: Type.Optional(
        Type.Integer({ minimum: 1, maximum: maxDevices, description: 'devices in one wave' }),
      ),
      maxFailures: Type.Optional(
        Type.Integer({
          minimum: 0,
          maximum: maxDevices,
          description: 'it stops when more devices than this failed',
        }),
      ),
    }),
    closed({ kind: Type.Literal('notice'), topic: text('of the notice'), data: Type.Unknown() }),
  ]),
  { kind: 'command', name: 'open', params: { percent: 40 }, wave: 10 },
);
export type ScheduledAction = Static<typeof ScheduledAction>;

const given = {
  name: text('letters, digits, _ and -, 1 to 40 of them'),
  cron: Type.Optional(text('five fields, or six with the seconds first; or `atMs` instead')),
  atMs: Type.Optional(Type.Number({ minimum: 0, description: 'once, at this time, Unix ms' })),
  timeZone: text('IANA name, such as Europe/Berlin'),
  to: Type.String({ minLength: 1, maxLength: 2_048, description: 'a selector, read again at each time' }),
  action: ScheduledAction,
};
const catchUp = () =>
  choice(
    ['skip', 'once'],
    'a time that passed while the hub was away is skipped (`skip`), or the last one is caught up (`once`)',
  );
const jitterMs = () =>
  Type.Integer({
    minimum: 0,
    maximum: dayMs,
    description: 'each device gets it at its own random moment within this time, ms',
  });
const example = {
  name: 'night-close',
  cron: '0 22 * * *',
  timeZone: 'Europe/Berlin',
  to: 'type=smart-valve',
  action: { kind: 'command', name: 'close', params: {} },
} as const;

const { name: _givenName, ...changeable } = given;
const { name: _exampleName, ...exampleChange } = example;
const defaults = {
  catchUp: defaulted(catchUp(), 'skip'),
  jitterMs: defaulted(jitterMs(), 0),
  paused: defaulted(Type.Boolean(), false),
};
const exampleDefaults = { catchUp: 'skip', jitterMs: 0, paused: false } as const;

export const NewSchedule = named('NewSchedule', closed({ ...given, ...defaults }), {
  ...example,
  ...exampleDefaults,
});
export type NewSchedule = Static<typeof NewSchedule>;

export const ScheduleChange = named('ScheduleChange', closed({ ...changeable, ...defaults }), {
  ...exampleChange,
  ...exampleDefaults,
});
export type ScheduleChange = Static<typeof ScheduleChange>;

/** The outcome of one run. */
const outcome = Type.Object({
  kind: choice(
    ['sending', 'sent', 'unreached', 'refused', 'missed', 'overlapped'],
    '`sending`: under way, and no device has it yet; `sent`: a device has it; `unreached`: it is over, and no device got it; `missed`: no hub ran; `overlapped`: the run before had not ended',
  ),
  reason: Type.Optional(Type.String({ description: 'why it was refused, or reached no device' })),
});
export type ScheduleOutcome = Static<typeof outcome>;

/** One run of the schedule, and its outcome. */
const run = Type.Object({
  ...outcome.properties,
  atMs: timeMs('the time'),
  id: Type.Optional(nameOf('of the group command that was sent then; absent when none was')),
});
export type ScheduleRun = Static<typeof run>;

const view = {
  ...given,
  catchUp: catchUp(),
  jitterMs: jitterMs(),
  paused: Type.Boolean(),
  createdMs: timeMs('when it was added'),
  actor: Type.Optional(Type.String({ description: 'who added it, as in the audit' })),
  lastMs: Type.Optional(timeMs('the last of its times that was handled: fired or skipped')),
  lastOutcome: Type.Optional(outcome),
  runs: Type.Optional(list(run, { description: 'its last times, newest first, ten at most' })),
  refusedInRow: Type.Optional(count('how many of its last times were refused, without one sent in between')),
  nextMs: Type.Optional(timeMs('its next time; absent when there is none, or while it is paused')),
};
const viewExample = {
  ...example,
  catchUp: 'skip',
  jitterMs: 0,
  paused: false,
  createdMs: 1_700_000_000_000,
  lastMs: 1_699_995_600_000,
  lastOutcome: { kind: 'sent' },
  runs: [{ atMs: 1_699_995_600_000, kind: 'sent', id: 'night-close-x1Yz_9Qa-lp0h2k8g' }],
  nextMs: 1_700_082_000_000,
} as const;

export const ScheduleView = named('ScheduleView', Type.Object(view), viewExample);
export type ScheduleView = Static<typeof ScheduleView>;

export const AddedSchedule = named(
  'AddedSchedule',
  Type.Object({ ...view, devices: count('how many devices its selector matches now') }),
  { ...viewExample, devices: 12 },
);
export type AddedSchedule = Static<typeof AddedSchedule>;

const ScheduleTimes = named(
  'ScheduleTimes',
  Type.Object({ times: list(Type.Number(), { description: 'Unix ms' }) }),
  { times: [1_700_082_000_000, 1_700_168_400_000] },
);

const ofSchedule = Type.Object({
  name: Type.String({ minLength: 1, maxLength: 64, description: 'of the schedule' }),
});

export const scheduleApi = resource('schedules', {
  listSchedules: {
    method: 'GET',
    path: '/api/v1/schedules',
    summary: 'All schedules, by name',
    description: 'An operator who may see only some devices gets the schedules for a single one of them.',
    answers: { 200: Type.Object({ schedules: list(ScheduleView) }) },
  },
  addSchedule: {
    method: 'POST',
    path: '/api/v1/schedules',
    summary: 'Add a schedule',
    description:
      'A command that a device of the selector would refuse now is refused here, as a dry run refuses it. A selector that matches no device yet is accepted, if a device type has the command and takes these params.',
    body: NewSchedule,
    answers: { 201: AddedSchedule },
    refusals: ['command-refused', 'schedule-exists', 'database-failed'],
  },
  changeSchedule: {
    method: 'PUT',
    path: '/api/v1/schedules/{name}',
    summary: 'Change a schedule; its times begin anew',
    description: 'It is judged like a new one. A run that is under way goes on.',
    params: ofSchedule,
    body: ScheduleChange,
    answers: { 200: AddedSchedule },
    refusals: ['command-refused', 'schedule-unknown', 'database-failed'],
  },
  pauseSchedule: {
    method: 'PATCH',
    path: '/api/v1/schedules/{name}',
    summary: 'Pause a schedule, or resume it with its future times',
    params: ofSchedule,
    body: named('SchedulePause', closed({ paused: Type.Boolean() }), { paused: true }),
    answers: { 200: ScheduleView },
    refusals: ['schedule-unknown', 'database-failed'],
  },
  removeSchedule: {
    method: 'DELETE',
    path: '/api/v1/schedules/{name}',
    summary: 'Remove a schedule',
    params: ofSchedule,
    answers: { 204: nothing },
    refusals: ['schedule-unknown', 'database-failed'],
  },
  listScheduleTimes: {
    method: 'GET',
    path: '/api/v1/schedules/{name}/times',
    summary: 'Its next times',
    params: ofSchedule,
    query: closed({ count: limitOf(1_000, 5) }),
    answers: { 200: ScheduleTimes },
    refusals: ['schedule-unknown'],
  },
});
