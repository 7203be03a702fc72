/** Alarms: what is wrong with a device or the hub, since when, and whether somebody deals with it. */

import { Type, type Static } from 'typebox';
import { namePattern } from '../limits.ts';
import { resource } from './operation.ts';
import {
  choice,
  closed,
  count,
  cursor,
  defaulted,
  limitOf,
  list,
  named,
  nameOf,
  nothing,
  nullable,
  timeMs,
} from './values.ts';

/**
 * `raised`: active, and nobody has acknowledged it · `acknowledged`: active, and somebody has acknowledged it · `cleared`: over,
 * and nobody has acknowledged it · `closed`: over and acknowledged.
 */
export const alarmStates = ['raised', 'acknowledged', 'cleared', 'closed'] as const;
export type AlarmState = (typeof alarmStates)[number];
export const alarmSeverities = ['critical', 'warning'] as const;
export type AlarmSeverity = (typeof alarmSeverities)[number];
export const alarmKinds = ['limit', 'offline', 'event', 'command', 'twin', 'hub'] as const;
export type AlarmKind = (typeof alarmKinds)[number];

/** Alarms acknowledged with one request. */
export const maxAcknowledged = 1_000;

const sourceDescription =
  'what it is about, the kind first: `limit.env.temperature.high`, `offline`, `event.leak`, `command.open`, `twin`, `hub.store`';
const source = () => Type.String({ description: sourceDescription });
const reason = (description: string) => Type.String({ minLength: 1, maxLength: 256, description });

const Acknowledgement = Type.Object({
  actor: Type.String({ description: 'who, as in the audit' }),
  timeMs: timeMs('when'),
  note: Type.Optional(Type.String()),
});
export type Acknowledgement = Static<typeof Acknowledgement>;

export const AlarmView = named(
  'AlarmView',
  Type.Object({
    device: nullable(Type.String({ description: 'its id; null: the hub itself' })),
    source: source(),
    kind: choice(alarmKinds),
    severity: choice(alarmSeverities),
    state: choice(
      alarmStates,
      '`raised` · `acknowledged` · `cleared`: over, and nobody has acknowledged it · `closed`: over and acknowledged',
    ),
    text: Type.String({ description: 'what is wrong, for a person' }),
    value: Type.Optional(Type.Number({ description: 'beyond the limit, when it was raised last' })),
    count: count('how often it was raised; coming back within a minute does not count'),
    firstMs: timeMs('when it was raised first'),
    lastMs: timeMs('when it was raised last'),
    clearedMs: Type.Optional(timeMs('when it was over')),
    acknowledged: Type.Optional(Acknowledgement),
    silenced: Type.Boolean({ description: 'a silence covers its device now' }),
    n: count('rises with each alarm that is raised: where a page begins'),
  }),
  {
    device: 'boiler-3',
    source: 'limit.env.temperature.high',
    kind: 'limit',
    severity: 'warning',
    state: 'raised',
    text: 'temperature 64.2 °C, over 60',
    value: 64.2,
    count: 1,
    firstMs: 1_700_000_000_000,
    lastMs: 1_700_000_000_000,
    silenced: false,
    n: 17,
  },
);
export type AlarmView = Static<typeof AlarmView>;

/** How many alarms are in each state, the silenced ones apart. */
const AlarmCounts = Type.Object({
  raised: count(),
  acknowledged: count(),
  cleared: count(),
  silenced: count('of those that are not closed'),
});
export type AlarmCounts = Static<typeof AlarmCounts>;

const AlarmPage = named(
  'AlarmPage',
  Type.Object({
    alarms: list(AlarmView, { description: 'the one that was raised last comes first' }),
    counts: AlarmCounts,
    next: nullable(cursor('before which the next page begins; null: this is the last')),
  }),
  {
    alarms: [AlarmView.examples[0]],
    counts: { raised: 1, acknowledged: 0, cleared: 0, silenced: 0 },
    next: null,
  },
);
export type AlarmPage = Static<typeof AlarmPage>;

const AlarmQuery = closed({
  state: defaulted(choice(['open', ...alarmStates], '`open`: all but `closed`'), 'open'),
  severity: Type.Optional(choice(alarmSeverities)),
  kind: Type.Optional(choice(alarmKinds)),
  device: Type.Optional(nameOf('of the device')),
  to: Type.Optional(Type.String({ minLength: 1, maxLength: 2_048, description: 'a selector of devices' })),
  silenced: defaulted(choice(['with', 'without', 'only'], 'whether silenced ones are listed'), 'with'),
  before: Type.Optional(cursor('`next` of the page before')),
  limit: limitOf(1_000),
});
export type AlarmQuery = Static<typeof AlarmQuery>;

/** Which alarm. */
const AlarmKey = closed({
  device: nullable(Type.String({ pattern: namePattern.source, maxLength: 64 })),
  source: Type.String({ minLength: 1, maxLength: 256, description: sourceDescription }),
  count: Type.Optional(count('only if it was not raised again since: as in the view')),
});
export type AlarmKey = Static<typeof AlarmKey>;

const Acknowledge = named(
  'Acknowledge',
  closed({
    alarms: list(AlarmKey, { minItems: 1, maxItems: maxAcknowledged }),
    note: Type.Optional(reason('for the others: what is done about it')),
  }),
  {
    alarms: [{ device: 'boiler-3', source: 'limit.env.temperature.high', count: 1 }],
    note: 'a technician is on the way',
  },
);
export type Acknowledge = Static<typeof Acknowledge>;

const Acknowledged = named(
  'Acknowledged',
  Type.Object({
    acknowledged: count(),
    already: count('that somebody had acknowledged before'),
    raisedAgain: count('since they were read: read them again'),
    unknown: count('that are not there, or that this operator may not see'),
  }),
  { acknowledged: 1, already: 0, raisedAgain: 0, unknown: 0 },
);
export type Acknowledged = Static<typeof Acknowledged>;

const times = {
  fromMs: timeMs('when it begins'),
  untilMs: timeMs('when it ends'),
};

export const NewSilence = named(
  'NewSilence',
  closed({
    to: Type.String({ minLength: 1, maxLength: 2_048, description: 'a selector of devices' }),
    fromMs: Type.Optional(times.fromMs),
    untilMs: times.untilMs,
    reason: reason('why'),
  }),
  { to: 'site=berlin', untilMs: 1_900_000_000_000, reason: 'works on the power supply' },
);
export type NewSilence = Static<typeof NewSilence>;

export const Silence = named(
  'Silence',
  Type.Object({
    id: Type.String(),
    to: Type.String(),
    ...times,
    reason: Type.String(),
    actor: Type.String({ description: 'who added it, as in the audit' }),
    createdMs: timeMs('when it was added'),
  }),
  {
    id: 's-4',
    to: 'site=berlin',
    fromMs: 1_700_000_000_000,
    untilMs: 1_700_003_600_000,
    reason: 'works on the power supply',
    actor: 'operator:anna',
    createdMs: 1_700_000_000_000,
  },
);
export type Silence = Static<typeof Silence>;

const ofSilence = Type.Object({
  id: Type.String({ minLength: 1, maxLength: 64, description: 'of the silence' }),
});

export const alarmApi = resource('alarms', {
  listAlarms: {
    method: 'GET',
    path: '/api/v1/alarms',
    summary: 'Alarms, the one raised last first',
    description:
      'An operator who may see only some devices gets the alarms of those, and none of the hub itself. `counts` are of all alarms that the operator may see, whatever the filter.',
    query: AlarmQuery,
    answers: { 200: AlarmPage },
  },
  acknowledgeAlarms: {
    method: 'POST',
    path: '/api/v1/alarms/acknowledge',
    summary: 'Acknowledge alarms: somebody deals with them',
    description: 'An alarm that is over is closed by it, and so is one that only happened, such as an event.',
    needs: 'operator',
    body: Acknowledge,
    answers: { 200: Acknowledged },
    refusals: ['database-failed'],
  },
  listSilences: {
    method: 'GET',
    path: '/api/v1/silences',
    summary: 'Silences that have not ended',
    description: 'An operator who may see only some devices gets the silences of a single one of them.',
    answers: { 200: Type.Object({ silences: list(Silence) }) },
  },
  addSilence: {
    method: 'POST',
    path: '/api/v1/silences',
    summary: 'Silence the alarms of devices for a time',
    description:
      'They are raised and listed all the same, marked `silenced`, and are not published. What is still wrong when the silence ends is published then.',
    needs: 'operator',
    body: NewSilence,
    answers: { 201: Silence },
    refusals: ['database-failed'],
  },
  removeSilence: {
    method: 'DELETE',
    path: '/api/v1/silences/{id}',
    summary: 'End a silence',
    needs: 'operator',
    params: ofSilence,
    answers: { 204: nothing },
    refusals: ['silence-unknown', 'database-failed'],
  },
});
