/** Devices as lists and their own pages show them. */

import { Type, type Static } from 'typebox';
import { presenceReasons, presenceStates } from '../presence-states.ts';
import { choice, count, list, mapOf, named, nameOf, nullable, timeMs } from './values.ts';

const row = { id: 'boiler-3', type: 'env-sensor@1', site: 'berlin', labels: { floor: '2' } };
const now = { presence: 'online', sinceMs: 1_700_000_000_000, lastDataMs: 1_700_000_060_000 } as const;

/** How the clocks of a connected device agree with the hub's. */
export const ClockQuality = named(
  'ClockQuality',
  Type.Object({
    offsetMs: Type.Optional(
      Type.Number({ description: "the device's wall clock less the hub's; absent when it sends none" }),
    ),
    driftMs: Type.Number({
      description:
        'how far hub time has moved away from the anchor of this boot: the oscillator runs slow (+) or fast (−)',
    }),
    quality: choice(['good', 'wrong', 'unknown']),
  }),
  { offsetMs: -12, driftMs: 3, quality: 'good' },
);
export type ClockQuality = Static<typeof ClockQuality>;

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
    lastDataMs: nullable(timeMs('when the last reading or event came; null when none is known')),
    firmware: Type.Optional(Type.String({ description: 'of the open session' })),
    disabled: Type.Optional(Type.Literal(true)),
  }),
  { ...row, ...now, firmware: '1.4.2' },
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
    clock: Type.Optional(ClockQuality),
  }),
  {
    ...row,
    ...now,
    firmware: '1.4.2',
    registeredMs: 1_690_000_000_000,
    epoch: 17,
    reason: 'session-opened',
    lastPongMs: 1_700_000_055_000,
    lastFrameMs: 1_700_000_060_000,
    clock: { offsetMs: -12, driftMs: 3, quality: 'good' },
  },
);
export type DeviceDetails = Static<typeof DeviceDetails>;
