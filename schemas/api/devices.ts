/** Devices as lists and their own pages show them. */

import { Type, type Static } from 'typebox';
import { deviceTypePattern, limits, namePattern, sitePattern } from '../limits.ts';
import { presenceReasons, presenceStates } from '../presence-states.ts';
import { twinStates } from '../twin/twin-states.ts';
import { resource } from './operation.ts';
import { DeviceWhy } from './presence.ts';
import {
  choice,
  closed,
  count,
  limitOf,
  list,
  mapOf,
  named,
  nameOf,
  nothing,
  nullable,
  timeMs,
} from './values.ts';

const row = { id: 'boiler-3', type: 'env-sensor@1', site: 'berlin', labels: { floor: '2' } };
const now = { presence: 'online', sinceMs: 1_700_000_000_000, lastDataMs: 1_700_000_060_000 } as const;

const ClockQuality = named(
  'ClockQuality',
  Type.Object({
    offsetMs: Type.Optional(
      Type.Number({ description: "the device's wall clock minus the hub's; absent when it sends none" }),
    ),
    driftMs: Type.Number({
      description:
        'drift of hub time from the anchor of this boot, because the oscillator runs slow (+) or fast (−)',
    }),
    quality: choice(['good', 'wrong', 'unknown']),
    measuredMs: Type.Optional(
      timeMs('when they were last compared, perhaps in an earlier session; absent: not yet'),
    ),
  }),
  { offsetMs: -12, driftMs: 3, quality: 'good', measuredMs: 1_700_000_055_000 },
);
/** How the clocks of a device agree with the hub's, or did when they were last compared. */
export type ClockQuality = Static<typeof ClockQuality>;

const firmware = '1.4.2';

const LatestSession = named(
  'LatestSession',
  Type.Object({
    open: Type.Boolean({
      description: 'whether it is open now; if not, this was the last session',
    }),
    openedMs: timeMs('when it opened'),
    heardMs: timeMs("when the device's application was last heard in it"),
    deviceType: Type.String({ description: 'device type with version that the device named' }),
    firmware: Type.Optional(Type.String({ description: 'absent: the device did not name one' })),
    address: Type.String({ description: 'network address of the device' }),
    heartbeatSec: Type.Number({ description: 'how often it has to send something, s' }),
  }),
  {
    open: true,
    openedMs: 1_700_000_000_000,
    heardMs: 1_700_000_060_000,
    deviceType: row.type,
    firmware,
    address: '192.0.2.17',
    heartbeatSec: 30,
  },
);
/** The open session of a device, or its last one: also after the hub has restarted. */
export type LatestSession = Static<typeof LatestSession>;

const DeviceTwin = named(
  'DeviceTwin',
  Type.Object({
    state: choice(twinStates, 'where its twin stands'),
    sinceMs: nullable(timeMs('since when; null when nothing was ever desired or reported')),
    rev: count('revision of what is desired of it'),
  }),
  { state: 'in-sync', sinceMs: 1_700_000_000_000, rev: 7 },
);
/** Of a device whose type has a twin. */
export type DeviceTwin = Static<typeof DeviceTwin>;

export const DeviceSummary = named(
  'DeviceSummary',
  Type.Object({
    id: nameOf('device id'),
    type: Type.String({ description: 'device type with version, such as env-sensor@1' }),
    site: Type.String({ description: 'tag of every point of the device' }),
    labels: mapOf(Type.String()),
    presence: choice(
      presenceStates,
      '`unknown`: the hub waits for the device after a restart, or no hub runs',
    ),
    sinceMs: nullable(timeMs('when this presence began; null when that is not known')),
    lastDataMs: nullable(timeMs('when the last reading or event arrived; null when none is known')),
    firmware: Type.Optional(Type.String({ description: 'of the open session, or the last known one' })),
    firmwareHeardMs: Type.Optional(
      timeMs(
        'when the device was last heard with that firmware; absent: its session is open, so it is current',
      ),
    ),
    twin: Type.Optional(DeviceTwin),
    disabled: Type.Optional(Type.Literal(true)),
  }),
  { ...row, ...now, firmware },
);
export type DeviceSummary = Static<typeof DeviceSummary>;

/** A page of the devices, by id. */
export const DevicePage = named(
  'DevicePage',
  Type.Object({
    devices: list(DeviceSummary),
    next: nullable(Type.String({ description: '`after` of the next page; null after the last' })),
  }),
  { devices: [{ ...row, ...now }], next: 'boiler-3' },
);
export type DevicePage = Static<typeof DevicePage>;

export const DeviceDetails = named(
  'DeviceDetails',
  Type.Interface([DeviceSummary], {
    registeredMs: timeMs('when the device was registered'),
    epoch: count("number of the device's latest session; 0 when it never had one"),
    reason: Type.Optional(choice(presenceReasons, 'why presence is what it is')),
    lastPongMs: nullable(timeMs('when its network stack last answered a ping; null when that is not known')),
    lastFrameMs: nullable(timeMs('when its application last sent a frame; null when that is not known')),
    session: Type.Optional(LatestSession),
    clock: Type.Optional(ClockQuality),
  }),
  {
    ...row,
    ...now,
    firmware,
    registeredMs: 1_690_000_000_000,
    epoch: 17,
    reason: 'session-opened',
    lastPongMs: 1_700_000_055_000,
    lastFrameMs: 1_700_000_060_000,
    session: LatestSession.examples[0],
    clock: ClockQuality.examples[0],
  },
);
export type DeviceDetails = Static<typeof DeviceDetails>;

/** The properties by which devices may be counted. */
export const countedBy = ['site', 'type', 'firmware'] as const;

const DeviceCounts = named(
  'DeviceCounts',
  Type.Object({
    value: Type.String({ description: 'of the site, the type or the firmware; empty: not known' }),
    devices: count(),
    byState: mapOf(count(), { description: 'by presence' }),
  }),
  { value: 'berlin', devices: 3, byState: { online: 2, offline: 1 } },
);
/** Devices that have something in common. */
export type DeviceCounts = Static<typeof DeviceCounts>;

/** Devices registered by one request. */
const maxNewDevices = 10_000;

/** The device a path names. */
export const ofDevice = Type.Object({
  id: Type.String({ minLength: 1, maxLength: limits.id, description: 'of the device' }),
});

/** For requests: a device that is, or is to be, registered. */
export const deviceId = Type.String({ pattern: namePattern.source });
export const newDevice = {
  type: Type.String({
    pattern: deviceTypePattern.source,
    maxLength: 128,
    description: 'such as env-sensor@1',
  }),
  site: Type.String({
    pattern: sitePattern.source,
    description: 'tag of every point of the device; fixed for life',
  }),
};

const NewDevices = named(
  'NewDevices',
  closed({
    ids: Type.Array(deviceId, { minItems: 1, maxItems: maxNewDevices, description: 'each once' }),
    ...newDevice,
    labels: Type.Optional(
      mapOf(Type.String({ maxLength: 128 }), { maxProperties: 32, description: 'what each of them gets' }),
    ),
  }),
  { ids: ['d-1', 'd-2'], type: 'env-sensor@1', site: 'hall-3', labels: { floor: '2' } },
);
/** Devices to register: all of them, or none. */
export type NewDevices = Static<typeof NewDevices>;

const NewCredential = named(
  'NewCredential',
  Type.Object({
    id: Type.String({ description: 'of the device' }),
    secret: Type.String({ description: 'shown this once: the hub keeps its hash' }),
  }),
  { id: 'd-1', secret: 'mB9yq0TzGk2n4VwXcR7sJpLhEa1dFuQi' },
);
export type NewCredential = Static<typeof NewCredential>;

const LabelChange = named(
  'LabelChange',
  closed({
    set: mapOf(Type.String({ maxLength: 128 }), { description: 'keys as in selectors' }),
    remove: list(Type.String({ maxLength: 64 }), { maxItems: 32 }),
  }),
  { set: { floor: '2' }, remove: ['old'] },
);
export type LabelChange = Static<typeof LabelChange>;

const text = (description: string) =>
  Type.Optional(Type.String({ minLength: 1, maxLength: 128, description }));

const DeviceQuery = closed({
  after: Type.Optional(Type.String({ maxLength: limits.id, description: 'the `next` of the page before' })),
  limit: limitOf(10_000, 1_000),
  q: text('part of the id, the type, the site or a label value, in any case'),
  type: text('with or without its version'),
  site: text('exactly'),
  state: Type.Optional(choice(presenceStates)),
  twin: Type.Optional(choice(twinStates, 'where its twin stands')),
  label: Type.Optional(
    Type.Array(Type.String({ minLength: 1, maxLength: 193 }), {
      maxItems: 16,
      description: 'key=value; may be repeated, and all must match',
    }),
  ),
});
/** Which devices, by page. Conditions that are not given do not apply. */
export type DeviceQuery = Static<typeof DeviceQuery>;

export const deviceApi = resource('devices', {
  addDevices: {
    method: 'POST',
    path: '/api/v1/devices',
    summary: 'Register devices: all of them, or none',
    body: NewDevices,
    answers: { 201: Type.Object({ devices: list(NewCredential) }) },
    refusals: ['device-exists', 'database-failed'],
    secret: true,
  },
  listDevices: {
    method: 'GET',
    path: '/api/v1/devices',
    summary: 'Devices by id, page by page',
    query: DeviceQuery,
    answers: { 200: DevicePage },
  },
  countDevices: {
    method: 'GET',
    path: '/api/v1/device-counts',
    summary: 'How many devices are in each state, by site, type or firmware',
    query: closed({ by: choice(countedBy) }),
    answers: { 200: Type.Object({ groups: list(DeviceCounts) }) },
  },
  showDevice: {
    method: 'GET',
    path: '/api/v1/devices/{id}',
    summary: 'One device',
    params: ofDevice,
    answers: { 200: DeviceDetails },
    refusals: ['device-unknown'],
  },
  labelDevice: {
    method: 'PATCH',
    path: '/api/v1/devices/{id}/labels',
    summary: 'Set and remove labels',
    params: ofDevice,
    body: LabelChange,
    answers: { 200: DeviceDetails },
    refusals: ['device-unknown', 'database-failed'],
  },
  removeDevice: {
    method: 'DELETE',
    path: '/api/v1/devices/{id}',
    summary: 'Remove a device; its session and commands end, its readings stay',
    params: ofDevice,
    answers: { 204: nothing },
    refusals: ['device-unknown', 'database-failed'],
  },
  explainPresence: {
    method: 'GET',
    path: '/api/v1/devices/{id}/why',
    summary: 'Why it is not online, and what led to it',
    params: ofDevice,
    answers: { 200: DeviceWhy },
    refusals: ['device-unknown'],
  },
});
