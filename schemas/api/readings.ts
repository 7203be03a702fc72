/** What devices sent: readings, the last values, series for charts. */

import { Type, type Static } from 'typebox';
import { count, list, mapOf, named, nullable, timeMs } from './values.ts';

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

/** A series for a chart: column by column, one entry for each bucket that has points. */
export const DeviceSeries = named(
  'DeviceSeries',
  Type.Object({
    fromMs: timeMs('as asked for'),
    toMs: timeMs('as asked for'),
    stepMs: Type.Integer({ minimum: 1, description: 'width of a bucket, ms' }),
    times: list(Type.Number(), { description: 'beginnings of the buckets, Unix ms' }),
    fields: mapOf(
      Type.Object({
        mean: column,
        min: column,
        max: column,
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
