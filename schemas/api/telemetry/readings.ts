/** Data from devices: readings, the last values, series for charts, events and logs. */

import { Type, type Static } from 'typebox';
import { limits } from '../../limits.ts';
import { ofDevice } from '../devices.ts';
import { resource } from '../operation.ts';
import {
  choice,
  closed,
  count,
  defaulted,
  limitOf,
  list,
  mapOf,
  named,
  nullable,
  queryTime,
  timeMs,
} from '../values.ts';

export const FieldValue = named(
  'FieldValue',
  Type.Unsafe<number | string | boolean>({ type: ['number', 'string', 'boolean'] }),
  21.5,
);
export type FieldValue = Static<typeof FieldValue>;

export const Reading = named(
  'Reading',
  Type.Object({
    timeMs: timeMs('when it was taken; up to three decimals'),
    fields: mapOf(FieldValue),
  }),
  { timeMs: 1_700_000_000_000, fields: { temperature: 21.5 } },
);
export type Reading = Static<typeof Reading>;

/** The newest reading of each stream. */
export const LastValues = named(
  'LastValues',
  Type.Object({
    streams: mapOf(Reading),
    incomplete: Type.Optional(
      Type.Literal(true, {
        description: 'the store did not answer: streams without a reading since the hub started are missing',
      }),
    ),
  }),
  { streams: { env: { timeMs: 1_700_000_000_000, fields: { temperature: 21.5 } } } },
);
export type LastValues = Static<typeof LastValues>;

const column = list(nullable(Type.Number()));
const edge = list(nullable(Type.Number()), { description: 'empty with `meansOnly`' });

/** A series for a chart: column by column, one entry for each bucket that has points. */
export const DeviceSeries = named(
  'DeviceSeries',
  Type.Object({
    fromMs: timeMs('as requested'),
    toMs: timeMs('as requested'),
    stepMs: Type.Integer({ minimum: 1, description: 'width of a bucket, ms' }),
    times: list(Type.Number(), { description: 'beginnings of the buckets, Unix ms' }),
    fields: mapOf(
      Type.Object({
        mean: column,
        min: edge,
        max: edge,
        count: list(count(), { description: 'points in the bucket' }),
      }),
      { description: 'null where a bucket has no value of the field; true counts as 1, false as 0' },
    ),
  }),
  {
    fromMs: 1_700_000_000_000,
    toMs: 1_700_000_120_000,
    stepMs: 60_000,
    times: [1_700_000_000_000, 1_700_000_060_000],
    fields: { temperature: { mean: [21.4, null], min: [21, null], max: [22, null], count: [60, 0] } },
  },
);
export type DeviceSeries = Static<typeof DeviceSeries>;

/** Something that happened once, as a device sent it. */
export const SentEvent = named(
  'SentEvent',
  Type.Object({
    timeMs: timeMs('when it happened; up to three decimals'),
    name: Type.String({ description: 'of the event, in the device type' }),
    severity: choice(['info', 'warning', 'critical'], 'how serious it is'),
    data: Type.Unknown({ description: 'by the schema of the event' }),
  }),
  { timeMs: 1_700_000_000_000, name: 'leak', severity: 'critical', data: { flow: 3.1 } },
);
export type SentEvent = Static<typeof SentEvent>;

export const LogLine = named(
  'LogLine',
  Type.Object({
    timeMs: timeMs('when the device said it; its three decimals keep lines of one millisecond apart'),
    level: choice(['debug', 'info', 'warning', 'error'], 'how serious it is'),
    msg: Type.String({ description: 'what happened, in words' }),
    tag: Type.Optional(Type.String({ description: 'the part of the firmware that says it' })),
  }),
  { timeMs: 1_700_000_000_000.412, level: 'warning', msg: 'the sensor answered late', tag: 'i2c' },
);
export type LogLine = Static<typeof LogLine>;

const ofStream = Type.Object({
  ...ofDevice.properties,
  stream: Type.String({ minLength: 1, maxLength: limits.name, description: 'of the device type' }),
});
const range = {
  fromMs: queryTime('at or after this time'),
  toMs: queryTime('before this time'),
};

const SeriesQuery = closed({
  ...range,
  fields: Type.Optional(
    Type.String({
      maxLength: 4_096,
      description: 'names, by comma; all numbers and booleans when not given',
    }),
  ),
  points: defaulted(Type.Integer({ minimum: 1, maximum: 2_000, description: 'buckets at most' }), 500),
  meansOnly: Type.Optional(
    Type.Boolean({ description: 'true: without the lowest and highest values, which is faster' }),
  ),
});

const NewestValues = named(
  'NewestValues',
  Type.Object({
    fields: list(Type.String(), { description: 'every field that some device sent' }),
    devices: mapOf(mapOf(FieldValue), { description: 'the values by field, by device id' }),
  }),
  { fields: ['battery', 'temperature'], devices: { 'boiler-3': { battery: 2.9 } } },
);
/** Of fields, over the devices. */
export type NewestValues = Static<typeof NewestValues>;

export const readingApi = resource('devices', {
  listReadings: {
    method: 'GET',
    path: '/api/v1/devices/{id}/readings/{stream}',
    summary: 'Readings of a stream, oldest first',
    params: ofStream,
    query: closed({
      fromMs: defaulted(range.fromMs, 0),
      toMs: range.toMs,
      limit: limitOf(100_000),
      take: defaulted(
        choice(['first', 'last'], '`last`: the newest of the range; `first`: the oldest'),
        'last',
      ),
    }),
    answers: { 200: Type.Object({ readings: list(Reading) }) },
    refusals: ['device-unknown', 'type-unknown', 'store-unavailable'],
  },
  listNewestValues: {
    method: 'GET',
    path: '/api/v1/newest-values',
    summary: 'The newest values of some fields, of every device that sent them since the hub started',
    query: closed({
      fields: Type.Optional(
        Type.String({ maxLength: 1_024, description: 'names, with commas between them; 16 at most' }),
      ),
    }),
    answers: { 200: NewestValues },
  },
  showLastValues: {
    method: 'GET',
    path: '/api/v1/devices/{id}/last',
    summary: 'The newest reading of each stream',
    params: ofDevice,
    answers: { 200: LastValues },
    refusals: ['device-unknown', 'type-unknown', 'store-unavailable'],
  },
  showSeries: {
    method: 'GET',
    path: '/api/v1/devices/{id}/series/{stream}',
    summary: 'Numbers and booleans of a stream over a range, in buckets',
    description: 'Buckets begin at multiples of stepMs since 1970; those without a point are left out.',
    params: ofStream,
    query: SeriesQuery,
    answers: { 200: DeviceSeries },
    refusals: ['device-unknown', 'type-unknown', 'store-unavailable'],
  },
  listEvents: {
    method: 'GET',
    path: '/api/v1/devices/{id}/events',
    summary: 'Events that a device sent, oldest first',
    params: ofDevice,
    query: closed({
      fromMs: defaulted(range.fromMs, 0),
      toMs: range.toMs,
      limit: limitOf(10_000),
      take: defaulted(
        choice(['first', 'last'], '`last`: the newest of the range; `first`: the oldest'),
        'last',
      ),
    }),
    answers: { 200: Type.Object({ events: list(SentEvent) }) },
    refusals: ['device-unknown', 'store-unavailable'],
  },
  listLogs: {
    method: 'GET',
    path: '/api/v1/devices/{id}/logs',
    summary: "Lines of a device's log, oldest first",
    description: 'Only devices whose type has `logs` send them.',
    params: ofDevice,
    query: closed({
      fromMs: defaulted(queryTime('at or after this time'), 0),
      toMs: queryTime('before this time'),
      limit: limitOf(10_000),
      take: defaulted(
        choice(['first', 'last'], '`last`: the newest of the range; `first`: the oldest'),
        'last',
      ),
    }),
    answers: { 200: Type.Object({ lines: list(LogLine) }) },
    refusals: ['device-unknown', 'store-unavailable'],
  },
});
