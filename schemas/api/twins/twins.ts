/** Twins: what devices should hold (desired), and what they report to hold (reported). */

import { Type, type Static } from 'typebox';
import { deviceTypePattern, limits, sitePattern } from '../../limits.ts';
import { twinStates } from '../../twin/twin-states.ts';
import { ofDevice } from '../devices.ts';
import { resource } from '../operation.ts';
import { requester } from '../requester.ts';
import {
  choice,
  closed,
  count,
  jsonObject,
  limitOf,
  list,
  named,
  nameOf,
  nullable,
  timeMs,
} from '../values.ts';

const device = 'boiler-3';
const desired = { intervalSec: 10 };

const TwinError = named(
  'TwinError',
  Type.Object({
    path: Type.String({ description: 'JSON pointer into desired' }),
    message: Type.String({ description: "the device's own words" }),
  }),
  { path: '/intervalSec', message: 'too short for this battery' },
);

const state = choice(
  twinStates,
  '`in-sync`: every desired value is reported; `pending`: the device is connected and has not dealt with the newest revision; ' +
    '`waiting`: the same, and it is not connected; `refused`: it reports errors or another value',
);

export const Twin = named(
  'Twin',
  Type.Object({
    device: nameOf('device id'),
    type: Type.String({ description: 'device type with version by which it is judged' }),
    state,
    sinceMs: nullable(timeMs('when this state began; null when nothing was ever desired or reported')),
    rev: count('revision of desired; 0: it was never set'),
    desired: jsonObject('what should hold on the device'),
    defaults: jsonObject('what the device does where nothing is desired; not part of desired'),
    changedMs: nullable(timeMs('when desired was last changed')),
    reported: jsonObject('what holds on the device, as it last said'),
    reportedMs: nullable(timeMs('when the last report that changed something arrived')),
    dealtRev: count('the revision that the device has dealt with; 0: none'),
    errors: list(TwinError, { description: 'what of that revision the device could not take' }),
    differs: list(Type.String(), { description: 'desired values that are not reported, by JSON pointer' }),
  }),
  {
    device,
    type: 'env-sensor@1',
    state: 'in-sync',
    sinceMs: 1_700_000_004_000,
    rev: 7,
    desired,
    defaults: { intervalSec: 60 },
    changedMs: 1_700_000_000_000,
    reported: { ...desired, serial: 'A-17' },
    reportedMs: 1_700_000_004_000,
    dealtRev: 7,
    errors: [],
    differs: [],
  },
);
export type TwinView = Static<typeof Twin>;

export const TwinSummary = named(
  'TwinSummary',
  Type.Object({
    device: nameOf('device id'),
    type: Type.String({ description: 'device type with version' }),
    site: Type.String({ description: 'of the device' }),
    state,
    sinceMs: nullable(timeMs('when this state began; null when nothing was ever desired or reported')),
    rev: count('revision of desired'),
  }),
  { device, type: 'env-sensor@1', site: 'berlin', state: 'pending', sinceMs: 1_700_000_000_000, rev: 8 },
);
export type TwinSummary = Static<typeof TwinSummary>;

/** A page of the devices that have a twin, by id. */
const TwinPage = named(
  'TwinPage',
  Type.Object({
    twins: list(TwinSummary),
    next: nullable(Type.String({ description: '`after` of the next page; null after the last' })),
  }),
  { twins: TwinSummary.examples, next: null },
);
export type TwinPage = Static<typeof TwinPage>;

export const TwinChange = named(
  'TwinChange',
  Type.Object({
    rev: count('the revision that the change made'),
    timeMs: timeMs('when it was accepted'),
    ...requester,
    patch: jsonObject('what was asked for: JSON Merge Patch (RFC 7396)'),
    dropped: Type.Optional(
      list(Type.String(), {
        description: 'values that left desired because the device type no longer takes them, by JSON pointer',
      }),
    ),
  }),
  { rev: 7, timeMs: 1_700_000_000_000, actor: 'operator:anna', origin: 'http', patch: desired },
);
export type TwinChange = Static<typeof TwinChange>;

const TwinQuery = closed({
  after: Type.Optional(Type.String({ maxLength: limits.id, description: 'the `next` of the page before' })),
  limit: limitOf(10_000, 1_000),
  state: Type.Optional(choice(twinStates)),
  type: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 128,
      description: `with or without its version: ${deviceTypePattern.source}`,
    }),
  ),
  site: Type.Optional(Type.String({ pattern: sitePattern.source, description: 'exactly' })),
});
export type TwinQuery = Static<typeof TwinQuery>;

/** Changes of desired that are kept of each device. */
export const keptTwinChanges = 100;

const changeRefusals = ['device-unknown', 'type-unknown', 'twin-unknown', 'database-failed'] as const;

export const twinApi = resource('twins', {
  listTwins: {
    method: 'GET',
    path: '/api/v1/twins',
    summary: 'Where the twins of the devices stand, by device id, page by page',
    query: TwinQuery,
    answers: { 200: TwinPage },
  },
  showTwin: {
    method: 'GET',
    path: '/api/v1/devices/{id}/twin',
    summary: 'What a device should hold and what it reports; the ETag is the revision of desired',
    params: ofDevice,
    answers: { 200: Twin },
    refusals: changeRefusals,
  },
  changeDesired: {
    method: 'PATCH',
    path: '/api/v1/devices/{id}/twin/desired',
    summary: 'Change what a device should hold',
    description:
      'The body is a JSON Merge Patch (RFC 7396): null removes a setting. It is answered once the change is on disk. A change that makes no difference keeps the revision.',
    needs: 'operator',
    params: ofDevice,
    headers: Type.Object({
      'if-match': Type.Optional(
        Type.String({ maxLength: 256, description: 'the ETag that the change builds on, or *' }),
      ),
    }),
    body: named('TwinPatch', jsonObject("judged by the device type's twin.desired"), { intervalSec: 10 }),
    answers: { 200: Twin },
    refusals: [...changeRefusals, 'twin-changed', 'desired-invalid'],
  },
  twinHistory: {
    method: 'GET',
    path: '/api/v1/devices/{id}/twin/history',
    summary: 'The last changes of what a device should hold, newest first',
    params: ofDevice,
    query: closed({ limit: limitOf(keptTwinChanges, keptTwinChanges) }),
    answers: { 200: Type.Object({ changes: list(TwinChange) }) },
    refusals: changeRefusals,
  },
});
