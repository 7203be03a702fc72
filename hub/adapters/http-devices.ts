/** The operators' API of devices and readings, as JSON over HTTP. */

import type { FastifyInstance } from 'fastify';
import { deviceIdPattern } from '../../schemas/index.ts';
import type {
  AdminOperations,
  DeviceReadingsQuery,
  LabelChange,
  NewDevices,
} from '../devices/admin-operations.ts';
import { HubError } from '../kernel/errors.ts';
import { badQuery, wholeNumber } from './http-query.ts';

/** Devices registered by one request. */
const maxNewDevices = 10_000;
/** Rows of one answer. */
const maxReadings = 100_000;

const newDevicesSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['ids', 'type', 'site'],
  properties: {
    ids: {
      type: 'array',
      minItems: 1,
      maxItems: maxNewDevices,
      items: { type: 'string', pattern: deviceIdPattern.source },
    },
    type: { type: 'string', maxLength: 128, pattern: '^[a-z0-9-]+@[0-9]+$' },
    // A tag of every point: no separators of the line protocol, no control characters.
    site: { type: 'string', pattern: '^[A-Za-z0-9_.-]{1,64}$' },
  },
};

const labelsSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['set', 'remove'],
  properties: {
    set: { type: 'object', additionalProperties: { type: 'string', maxLength: 128 } },
    remove: { type: 'array', maxItems: 32, items: { type: 'string', maxLength: 64 } },
  },
};

interface Named {
  Params: { id: string };
}

interface Readings {
  Params: { id: string; stream: string };
  Querystring: Partial<Record<'fromMs' | 'toMs' | 'limit' | 'take', string>>;
}

/** Adds `/api/v1/devices…` to `app`. */
export function serveDevices(app: FastifyInstance, operations: AdminOperations): void {
  app.post<{ Body: NewDevices }>(
    '/api/v1/devices',
    { config: { audit: 'device.add' }, schema: { body: newDevicesSchema } },
    async (request, reply) => {
      refuseRepeats(request.body.ids);
      const devices = await operations.addDevices(request.body);
      // The secrets in it are shown once: nothing on the way may keep them.
      return reply.code(201).header('cache-control', 'no-store').send({ devices });
    },
  );

  app.get('/api/v1/devices', async ({ mayShow = () => true }) => ({
    devices: (await operations.listDevices()).filter(({ id }) => mayShow(id)),
  }));

  app.get<Named>('/api/v1/devices/:id', (request) => operations.showDevice(request.params.id));

  app.patch<Named & { Body: LabelChange }>(
    '/api/v1/devices/:id/labels',
    { config: { audit: 'device.label' }, schema: { body: labelsSchema } },
    ({ params, body }) => operations.labelDevice(params.id, body),
  );

  app.delete<Named>('/api/v1/devices/:id', { config: { audit: 'device.remove' } }, async (request, reply) => {
    await operations.removeDevice(request.params.id);
    return reply.code(204).send();
  });

  app.get<Readings>('/api/v1/devices/:id/readings/:stream', async ({ params, query }) => ({
    readings: await operations.readings(readingsQuery(params, query)),
  }));
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
    fromMs: wholeNumber(query.fromMs ?? '0', 'fromMs', Number.MAX_SAFE_INTEGER),
    toMs: wholeNumber(query.toMs, 'toMs', Number.MAX_SAFE_INTEGER),
    limit: wholeNumber(query.limit ?? '100', 'limit', maxReadings),
    take,
  };
}
