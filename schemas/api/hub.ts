/** The hub at a glance. */

import { Type, type Static } from 'typebox';
import { resource } from './operation.ts';
import { count, mapOf, named, nullable, timeMs } from './values.ts';

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
    store: Dependency,
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
    store: { name: 'influxdb', up: true },
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

const ClockVerdict = named(
  'ClockVerdict',
  Type.Object({
    nowMs: timeMs("the machine's clock"),
    fault: Type.Optional(Type.String({ description: 'why it is doubted all the same' })),
  }),
  { nowMs: 1_700_000_060_000 },
);

export const hubApi = resource('hub', {
  showHub: {
    method: 'GET',
    path: '/api/v1/hub',
    summary: 'The hub at a glance',
    description:
      'An operator who may see only some devices gets totals over those. Totals by code, cause or status exist only for all devices together, and are left empty.',
    answers: { 200: HubSnapshot },
  },
  acceptClock: {
    method: 'POST',
    path: '/api/v1/hub/clock/accept',
    summary: "Say that the machine's clock is right",
    description:
      'For a hub that doubts it, because it was ahead before or others contradict it. What had been seen by a clock that was ahead is forgotten. A time before this release is never believed.',
    answers: { 200: ClockVerdict },
  },
});
