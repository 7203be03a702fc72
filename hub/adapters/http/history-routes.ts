/** What a device has sent and been, as JSON over HTTP: last values, series, presence, refusals. */

import type { FastifyInstance } from 'fastify';
import type { NackRow } from '../../../schemas/api/rejects.ts';
import type { LastValues } from '../../telemetry/last-values.ts';
import type { PresenceHistory } from '../../telemetry/presence-history.ts';
import type { DeviceSeries, DeviceSeriesQuery } from '../../telemetry/series.ts';
import { faultAnswer } from './error-answers.ts';
import { positive, timeMs } from './query-values.ts';

export interface HistoryOperations {
  /** @throws HubError `device-unknown` · `store-unavailable` */
  lastValues(device: string): Promise<LastValues>;
  /** @throws HubError `device-unknown` · `input-invalid` · `store-unavailable` */
  series(query: DeviceSeriesQuery): Promise<DeviceSeries>;
  /** @throws HubError `device-unknown` · `store-unavailable` */
  presenceHistory(query: {
    device: string;
    fromMs: number;
    toMs: number;
    limit: number;
  }): Promise<PresenceHistory>;
  /** Newest first. @throws HubError `device-unknown` */
  nacks(device: string): NackRow[];
}

const maxPoints = 2_000;
const maxFields = 64;
const maxChanges = 10_000;

const tags = ['devices'];
const text = { type: 'string', maxLength: 64 };
const device = { type: 'object', properties: { id: text } };
const number = { type: 'number' };
const range = {
  fromMs: { ...text, description: 'Unix ms, inclusive' },
  toMs: { ...text, description: 'Unix ms, exclusive' },
};
const query = (more: Record<string, object>): object => ({
  type: 'object',
  additionalProperties: false,
  required: Object.keys(range),
  properties: { ...range, ...more },
});
const answers = (properties: Record<string, object>): object => ({
  200: { type: 'object', properties },
  '4xx': faultAnswer,
  503: faultAnswer,
});
const fieldValues = {
  type: 'object',
  additionalProperties: { type: ['number', 'string', 'boolean'] },
};
const column = { type: 'array', items: { type: ['number', 'null'] } };
const columns = {
  type: 'object',
  properties: { mean: column, min: column, max: column, count: { type: 'array', items: number } },
};
const nackRow = {
  type: 'object',
  properties: {
    timeMs: number,
    code: text,
    seq: number,
    stream: { type: 'string' },
    field: { type: 'string', description: 'JSON pointer' },
    rule: { type: 'string', description: 'the keyword that failed' },
    message: { type: 'string' },
    firmware: { type: 'string' },
    times: { type: 'number', description: 'in a row, when more than once' },
  },
};

interface OfDevice {
  Params: { id: string };
}
type Range = Record<'fromMs' | 'toMs', string>;
interface SeriesRoute {
  Params: { id: string; stream: string };
  Querystring: Range & { fields?: string; points?: string };
}

/** Adds `/api/v1/devices/{id}/last`, `…/series/{stream}`, `…/presence` and `…/nacks` to `app`. */
export function serveHistory(app: FastifyInstance, operations: HistoryOperations): void {
  serveValues(app, operations);
  serveLife(app, operations);
}

function serveValues(app: FastifyInstance, operations: HistoryOperations): void {
  app.get<OfDevice>(
    '/api/v1/devices/:id/last',
    {
      schema: {
        tags,
        summary: 'The newest reading of each stream',
        params: device,
        response: answers({
          streams: {
            type: 'object',
            additionalProperties: {
              type: 'object',
              properties: { timeMs: number, fields: fieldValues },
            },
          },
          incomplete: {
            type: 'boolean',
            description: 'the store did not answer for streams that are missing',
          },
        }),
      },
    },
    ({ params }) => operations.lastValues(params.id),
  );

  app.get<SeriesRoute>(
    '/api/v1/devices/:id/series/:stream',
    {
      schema: {
        tags,
        summary: 'Numbers and booleans of a stream over a range, summed up in buckets',
        description:
          'Buckets begin at multiples of stepMs since 1970; those without a point are left out. True counts as 1.',
        params: { type: 'object', properties: { id: text, stream: text } },
        querystring: query({
          fields: { type: 'string', maxLength: 4_096, description: 'by comma; all when not given' },
          points: { ...text, description: `at most so many buckets: 2 to ${maxPoints}, 500 when not given` },
        }),
        response: answers({
          fromMs: number,
          toMs: number,
          stepMs: number,
          times: { type: 'array', items: number },
          fields: { type: 'object', additionalProperties: columns },
        }),
      },
    },
    ({ params, query: { fields, points, ...given } }) =>
      operations.series({
        device: params.id,
        stream: params.stream,
        ...rangeOf(given),
        points: Math.max(2, positive(points ?? '500', 'points', maxPoints)),
        ...(fields === undefined ? {} : { fields: fields.split(',', maxFields + 1).slice(0, maxFields) }),
      }),
  );
}

function serveLife(app: FastifyInstance, operations: HistoryOperations): void {
  app.get<OfDevice & { Querystring: Range & { limit?: string } }>(
    '/api/v1/devices/:id/presence',
    {
      schema: {
        tags,
        summary: 'Its changes of presence over a range, oldest first',
        params: device,
        querystring: query({ limit: { ...text, description: '1,000 when not given' } }),
        response: answers({
          changes: {
            type: 'array',
            items: {
              type: 'object',
              properties: { timeMs: number, state: { type: 'string' }, reason: { type: 'string' } },
            },
          },
          stateBefore: { type: ['string', 'null'], description: 'when the range began' },
        }),
      },
    },
    ({ params, query: { limit, ...given } }) =>
      operations.presenceHistory({
        device: params.id,
        ...rangeOf(given),
        limit: positive(limit ?? '1000', 'limit', maxChanges),
      }),
  );

  app.get<OfDevice>(
    '/api/v1/devices/:id/nacks',
    {
      schema: {
        tags,
        summary: 'The last refusals it was sent, newest first',
        params: device,
        response: answers({ nacks: { type: 'array', items: nackRow } }),
      },
    },
    ({ params }) => ({ nacks: operations.nacks(params.id) }),
  );
}

function rangeOf({ fromMs, toMs }: Range): { fromMs: number; toMs: number } {
  return { fromMs: timeMs(fromMs, 'fromMs'), toMs: timeMs(toMs, 'toMs') };
}
