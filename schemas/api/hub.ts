/** The hub at a glance. */

import { Type, type Static } from 'typebox';
import { resource } from './operation.ts';
import { choice, count, list, mapOf, named, nullable, timeMs } from './values.ts';

/** What the hub depends on. */
const part = {
  name: Type.String(),
  up: Type.Boolean(),
  reason: Type.Optional(Type.String({ description: 'why it is down' })),
};
export const Dependency = named('Dependency', Type.Object(part), { name: 'influxdb', up: true });
export type Dependency = Static<typeof Dependency>;

const perSecond = (description: string) => Type.Number({ minimum: 0, description });

export const HubSnapshot = named(
  'HubSnapshot',
  Type.Object({
    name: Type.String(),
    version: Type.String(),
    startedMs: timeMs('when the hub started'),
    nowMs: timeMs("the hub's clock"),
    hubId: Type.String(),
    incarnation: Type.String({ description: 'new at each start of the hub' }),
    devices: Type.Object({ total: count(), byState: mapOf(count()) }),
    sessions: count('open now'),
    messagesPerSec: perSecond('frames from devices'),
    storedPerSec: perSecond('points'),
    ledger: Type.Object(
      {
        carried: count('on disk when the hub started'),
        received: count(),
        stored: count(),
        spooled: count(),
        deadLettered: count(),
        rejected: mapOf(count(), { description: 'by nack code' }),
        dropped: mapOf(count(), { description: 'by cause' }),
        inFlight: count(),
        imbalance: Type.Integer({ description: 'anything but 0 is a fault of the hub' }),
      },
      { description: 'points by their outcome' },
    ),
    writer: Type.Object({
      lines: count('wait for the store'),
      fill: Type.Number({ description: 'share of the buffer in use, 0 to 1' }),
    }),
    spool: Type.Object({
      lines: count(),
      size: count('characters'),
      maxSize: count('characters'),
      deadLetters: count(),
      oldestMs: nullable(timeMs('when the oldest lines were spooled; null when there are none')),
      fault: Type.Optional(Type.String({ description: 'why the spool itself accepts nothing now' })),
    }),
    eventLoop: Type.Object({
      p50Ms: Type.Number({ description: 'how late timers ran' }),
      p99Ms: Type.Number(),
      maxMs: Type.Number(),
      share: Type.Number({ description: 'of the time in which it was busy, 0 to 1' }),
    }),
    store: Type.Object({
      ...part,
      writeMs: nullable(Type.Number({ description: 'how long writes take lately; null before the first' })),
    }),
    clock: Dependency,
    bus: Type.Object({ ...part, queued: count('messages that wait for the broker') }),
    closes: mapOf(count(), { description: 'sessions that the hub closed, by close code' }),
    losses: mapOf(count(), {
      description: 'sessions that the device closed or whose connection broke (1006), by close code',
    }),
    commands: Type.Object({
      open: count(),
      byStatus: mapOf(count(), { description: 'ended, by final status' }),
    }),
    lastDay: Type.Object(
      {
        rejected: mapOf(count(), { description: 'points, by nack code' }),
        commands: mapOf(count(), { description: 'ended, by final status' }),
        closes: mapOf(count(), { description: 'as `closes` above' }),
        losses: mapOf(count(), { description: 'as `losses` above' }),
      },
      { description: 'in the last 23 whole hours and the present one, over restarts of the hub' },
    ),
    memory: Type.Object({ rssBytes: count() }),
  }),
  {
    name: 'device-hub',
    version: '0.1.0',
    startedMs: 1_700_000_000_000,
    nowMs: 1_700_000_060_000,
    hubId: '3f2a',
    incarnation: '3f2a-9',
    devices: { total: 2, byState: { online: 1, offline: 1 } },
    sessions: 1,
    messagesPerSec: 4,
    storedPerSec: 4,
    ledger: {
      carried: 0,
      received: 240,
      stored: 238,
      spooled: 0,
      deadLettered: 0,
      rejected: {},
      dropped: {},
      inFlight: 2,
      imbalance: 0,
    },
    writer: { lines: 2, fill: 0.001 },
    spool: { lines: 0, size: 0, maxSize: 1_000_000_000, deadLetters: 0, oldestMs: null },
    eventLoop: { p50Ms: 0.1, p99Ms: 1.2, maxMs: 4, share: 0.03 },
    store: { name: 'influxdb', up: true, writeMs: 4.2 },
    clock: { name: 'clock of the machine', up: true },
    bus: { name: 'embedded', up: true, queued: 0 },
    closes: { '4408': 1 },
    losses: { '1006': 2 },
    commands: { open: 0, byStatus: { succeeded: 3 } },
    lastDay: { rejected: {}, commands: { succeeded: 41 }, closes: { '4408': 3 }, losses: { '1006': 5 } },
    memory: { rssBytes: 120_000_000 },
  },
);
export type HubSnapshot = Static<typeof HubSnapshot>;

const FleetSample = named(
  'FleetSample',
  Type.Object({ timeMs: timeMs('when the five minutes began'), byState: mapOf(count()) }),
  { timeMs: 1_699_999_800_000, byState: { online: 11, offline: 1 } },
);
/** How many devices were in each state. */
export type FleetSample = Static<typeof FleetSample>;

const ConfigSetting = named(
  'ConfigSetting',
  Type.Object({
    name: Type.String({ description: 'as in the configuration file' }),
    environment: Type.String({ description: 'as in the environment' }),
    value: Type.Unknown({ description: 'in effect; null: not set; a secret is hidden' }),
    from: choice(['default', 'file', 'environment'], 'what set it'),
  }),
  { name: 'maxAgeSec', environment: 'HUB_MAX_AGE_SEC', value: 86_400, from: 'default' },
);
/** A setting as it is in effect. */
export type ConfigSetting = Static<typeof ConfigSetting>;

const ClockVerdict = named(
  'ClockVerdict',
  Type.Object({
    nowMs: timeMs("the machine's clock"),
    fault: Type.Optional(Type.String({ description: 'why it is doubted all the same' })),
  }),
  { nowMs: 1_700_000_060_000 },
);

const ClusterHub = named(
  'ClusterHub',
  Type.Object({
    id: Type.String({ description: 'as in `hub.id` of its data folder' }),
    start: count('which of its starts this is'),
    state: Type.Union([Type.Literal('up'), Type.Literal('left'), Type.Literal('dead')], {
      description: '`left`: it ended in order; `dead`: its heartbeats stopped. Both are listed for a day',
    }),
    version: Type.String({ description: 'of its program' }),
    here: Type.Optional(Type.Literal(true, { description: 'the hub that answers' })),
    leases: list(Type.String(), {
      description: '`leader`: what is done once for all hubs; `gate`: the requests that come over MQTT',
    }),
    devices: count('that it judges: connected, awaited, or with a command that is open'),
  }),
  {
    id: 'hub-1',
    start: 3,
    state: 'up',
    version: '0.1.0',
    here: true,
    leases: ['leader', 'gate'],
    devices: 120,
  },
);

export const ClusterStatus = named(
  'ClusterStatus',
  Type.Object({
    shared: Type.Boolean({
      description: 'false: the state is in the data folder, and there is no other hub',
    }),
    hubs: list(ClusterHub, { description: 'by id and start' }),
  }),
  {
    shared: true,
    hubs: [
      {
        id: 'hub-1',
        start: 3,
        state: 'up',
        version: '0.1.0',
        here: true,
        leases: ['leader', 'gate'],
        devices: 120,
      },
      { id: 'hub-2', start: 1, state: 'up', version: '0.1.0', leases: [], devices: 118 },
    ],
  },
);
export type ClusterStatus = Static<typeof ClusterStatus>;

export const hubApi = resource('hub', {
  showCluster: {
    method: 'GET',
    path: '/api/v1/cluster',
    summary: 'The hubs of the cluster, and the tasks of each',
    answers: { 200: ClusterStatus },
    refusals: ['database-failed'],
  },
  showHub: {
    method: 'GET',
    path: '/api/v1/hub',
    summary: 'The hub at a glance',
    description:
      'An operator who may see only some devices gets totals over those. Totals by code, cause or status exist only for all devices together, and are left empty.',
    answers: { 200: HubSnapshot },
  },
  showFleetCourse: {
    method: 'GET',
    path: '/api/v1/hub/fleet-course',
    summary: 'How many devices were in each state over the last day, every five minutes',
    description: 'Only for operators who see every device.',
    answers: { 200: Type.Object({ samples: list(FleetSample, { description: 'oldest first' }) }) },
    refusals: ['database-failed'],
  },
  showConfig: {
    method: 'GET',
    path: '/api/v1/hub/config',
    summary: 'The configuration in effect, with what set each value; secrets are hidden',
    needs: 'admin',
    answers: { 200: Type.Object({ settings: list(ConfigSetting) }) },
  },
  acceptClock: {
    method: 'POST',
    path: '/api/v1/hub/clock/accept',
    summary: "Say that the machine's clock is right",
    description:
      'For a hub that doubts its clock, because the clock was ahead before, or devices or InfluxDB contradict it. The hub forgets the times of a clock that was ahead. It never believes a time before the date of its release.',
    answers: { 200: ClockVerdict },
  },
});
