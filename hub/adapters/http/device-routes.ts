/** The operators' API of devices and readings, as JSON over HTTP. */

import type { FastifyInstance } from 'fastify';
import { deviceApi } from '../../../schemas/api/devices.ts';
import type { AdminOperations } from '../../admin/admin-operations.ts';
import { HubError } from '../../kernel/errors.ts';
import type { DeviceReadingsQuery } from '../../telemetry/readings.ts';
import { answered } from './error-answers.ts';
import { badQuery, positive, timeMs } from './query-values.ts';
import { serve } from './serve-operation.ts';

/** Rows of one answer. */
const maxReadings = 100_000;

const tags = ['devices'];
const text = { type: 'string', minLength: 1, maxLength: 128 };
const readingSchema = {
  type: 'object',
  properties: {
    timeMs: { type: 'number' },
    fields: { type: 'object', additionalProperties: { type: ['number', 'string', 'boolean'] } },
  },
};
interface Readings {
  Params: { id: string; stream: string };
  Querystring: Partial<Record<'fromMs' | 'toMs' | 'limit' | 'take', string>>;
}

/** Adds `/api/v1/devices…` to `app`. */
export function serveDevices(app: FastifyInstance, operations: AdminOperations): void {
  serve(
    app,
    deviceApi.addDevices,
    async ({ body }) => {
      refuseRepeats(body.ids);
      return { devices: await operations.addDevices(body) };
    },
    { audit: 'device.add' },
  );
  serve(app, deviceApi.listDevices, ({ query, mayShow }) => operations.listDevices(query, mayShow));
  serve(app, deviceApi.showDevice, ({ params }) => operations.showDevice(params.id));
  serve(app, deviceApi.labelDevice, ({ params, body }) => operations.labelDevice(params.id, body), {
    audit: 'device.label',
  });
  serve(app, deviceApi.removeDevice, ({ params }) => operations.removeDevice(params.id), {
    audit: 'device.remove',
  });
  serve(app, deviceApi.explainPresence, ({ params }) => operations.why(params.id));

  app.get<Readings>(
    '/api/v1/devices/:id/readings/:stream',
    {
      schema: {
        tags,
        summary: 'Readings of a stream, oldest first',
        params: { type: 'object', properties: { id: text, stream: text } },
        response: answered({ readings: { type: 'array', items: readingSchema } }),
      },
    },
    async ({ params, query }) => ({ readings: await operations.readings(readingsQuery(params, query)) }),
  );
}

function refuseRepeats(ids: readonly string[]): void {
  const seen = new Set<string>();
  for (const id of ids) {
    if (seen.has(id)) throw new HubError('input-invalid', `${id} is named twice`, { details: { id } });
    seen.add(id);
  }
}

function readingsQuery(params: Readings['Params'], query: Readings['Querystring']): DeviceReadingsQuery {
  const { take = 'last' } = query;
  if (take !== 'last' && take !== 'first') throw badQuery('take', 'one of first, last', take);
  return {
    device: params.id,
    stream: params.stream,
    // A query is text, so numbers in it are read here; bodies are never coerced.
    fromMs: timeMs(query.fromMs ?? '0', 'fromMs'),
    toMs: timeMs(query.toMs, 'toMs'),
    // None at all would mean all of them to InfluxDB.
    limit: positive(query.limit ?? '100', 'limit', maxReadings),
    take,
  };
}
