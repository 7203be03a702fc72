/** Refusals of data from devices: the last ones of each device, and counts by field and firmware. */

import { Type, type Static } from 'typebox';
import { ofDevice } from '../devices.ts';
import { resource } from '../operation.ts';
import { count, list, named, timeMs } from '../values.ts';

const message = '/temperature must be <= 125; it is 900';

/** One refusal, as people read it. */
export const NackRow = named(
  'NackRow',
  Type.Object({
    timeMs: timeMs('when; of several in a row, when the last of them'),
    code: Type.String({ description: 'nack code' }),
    seq: Type.Optional(Type.Number({ description: 'of the refused frame' })),
    stream: Type.Optional(Type.String()),
    field: Type.Optional(Type.String({ description: 'JSON pointer' })),
    rule: Type.Optional(Type.String({ description: 'the JSON Schema keyword that failed' })),
    message: Type.String(),
    firmware: Type.Optional(Type.String()),
    times: Type.Optional(count('how often in a row, when more than once')),
  }),
  {
    timeMs: 1_700_000_000_000,
    code: 'schema',
    seq: 12,
    stream: 'env',
    field: '/temperature',
    rule: 'maximum',
    message,
    firmware: '1.4.2',
  },
);
export type NackRow = Static<typeof NackRow>;

/** Refusals that have type, stream, field, rule and firmware in common. */
export const RejectRow = named(
  'RejectRow',
  Type.Object({
    type: Type.String({ description: 'device type with version; empty before the hello' }),
    stream: Type.String(),
    field: Type.String({ description: 'JSON pointer' }),
    rule: Type.String({ description: 'the JSON Schema keyword that failed' }),
    firmware: Type.String({ description: 'empty when the device named none' }),
    count: count(),
    lastMs: timeMs('when the last one was refused'),
    example: Type.Object({ device: Type.String(), message: Type.String() }),
  }),
  {
    type: 'env-sensor@1',
    stream: 'env',
    field: '/temperature',
    rule: 'maximum',
    firmware: '1.4.2',
    count: 31,
    lastMs: 1_700_000_000_000,
    example: { device: 'boiler-3', message },
  },
);
export type RejectRow = Static<typeof RejectRow>;

export const RejectReport = named(
  'RejectReport',
  Type.Object({
    rejects: list(RejectRow, { description: 'most frequent first' }),
    other: count('refusals in rows that did not fit'),
  }),
  { rejects: [], other: 0 },
);
export type RejectReport = Static<typeof RejectReport>;

export const nackApi = resource('devices', {
  listNacks: {
    method: 'GET',
    path: '/api/v1/devices/{id}/nacks',
    summary: 'The last refusals of the device, newest first',
    params: ofDevice,
    answers: { 200: Type.Object({ nacks: list(NackRow) }) },
    refusals: ['device-unknown'],
  },
});

export const rejectApi = resource('device types', {
  listRejects: {
    method: 'GET',
    path: '/api/v1/rejects',
    summary: 'What was refused, by field and firmware; a row ends when nothing was refused for seven days',
    answers: { 200: RejectReport },
  },
});
