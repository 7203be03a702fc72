/** The operators' API of devices and readings, as JSON over HTTP. */

import type { FastifyInstance } from 'fastify';
import { deviceTypePattern, namePattern, sitePattern } from '../../../schemas/limits.ts';
import type { AdminOperations, LabelChange, NewDevices } from '../../admin/admin-operations.ts';
import type { DeviceReadingsQuery } from '../../telemetry/readings.ts';
import { HubError } from '../../kernel/errors.ts';
import type { DeviceQuery } from '../../admin/device-pages.ts';
import { answered, faultAnswer } from './error-answers.ts';
import { badQuery, positive, timeMs } from './query-values.ts';

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
      items: { type: 'string', pattern: namePattern.source },
    },
    type: { type: 'string', maxLength: 128, pattern: deviceTypePattern.source },
    // A tag of every point: no separators of the line protocol, no control characters.
    site: { type: 'string', pattern: sitePattern.source },
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

const pageSize = 1_000;
const maxPage = 10_000;
const tags = ['devices'];
const nullableTime = { type: ['number', 'null'], description: 'Unix ms' };
const text = { type: 'string', minLength: 1, maxLength: 128 };
const listQuerySchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    after: { type: 'string', maxLength: 64, description: 'the `next` of the page before' },
    limit: { type: 'string', maxLength: 16, description: `at most ${maxPage}; ${pageSize} when not given` },
    q: { ...text, description: 'part of the id, the type, the site or a label value, in any case' },
    type: { ...text, description: 'with or without its version' },
    site: text,
    state: { ...text, description: 'of its presence' },
    label: {
      description: 'key=value, also several times: all of them hold',
      anyOf: [text, { type: 'array', maxItems: 16, items: text }],
    },
  },
};
const rowProperties = {
  id: { type: 'string' },
  type: { type: 'string' },
  site: { type: 'string' },
  labels: { type: 'object', additionalProperties: { type: 'string' } },
  presence: { type: 'string' },
  sinceMs: nullableTime,
  lastDataMs: nullableTime,
  firmware: { type: 'string' },
  disabled: { type: 'boolean' },
};
const pageSchema = {
  type: 'object',
  properties: {
    devices: { type: 'array', items: { type: 'object', properties: rowProperties } },
    next: { type: ['string', 'null'], description: 'the `after` of the next page' },
  },
};
const detailsSchema = {
  type: 'object',
  additionalProperties: true,
  properties: {
    ...rowProperties,
    registeredMs: { type: 'number' },
    epoch: { type: 'number' },
    reason: { type: 'string' },
    lastPongMs: nullableTime,
    lastFrameMs: nullableTime,
  },
};
const readingSchema = {
  type: 'object',
  properties: {
    timeMs: { type: 'number' },
    fields: { type: 'object', additionalProperties: { type: ['number', 'string', 'boolean'] } },
  },
};
const pathSchema = { type: 'object', properties: { id: { type: 'string', maxLength: 64 } } };

interface ListQuery extends Partial<Record<'after' | 'limit' | 'q' | 'type' | 'site' | 'state', string>> {
  label?: string | string[];
}

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

  app.get<{ Querystring: ListQuery }>(
    '/api/v1/devices',
    {
      schema: {
        tags,
        summary: 'Devices by id, page by page',
        querystring: listQuerySchema,
        response: { 200: pageSchema, '4xx': faultAnswer },
      },
    },
    ({ query, mayShow }) => operations.listDevices(deviceQuery(query), mayShow),
  );

  app.get<Named>(
    '/api/v1/devices/:id',
    {
      schema: {
        tags,
        summary: 'One device',
        params: pathSchema,
        response: { 200: detailsSchema, '4xx': faultAnswer },
      },
    },
    (request) => operations.showDevice(request.params.id),
  );

  app.patch<Named & { Body: LabelChange }>(
    '/api/v1/devices/:id/labels',
    { config: { audit: 'device.label' }, schema: { body: labelsSchema } },
    ({ params, body }) => operations.labelDevice(params.id, body),
  );

  app.delete<Named>('/api/v1/devices/:id', { config: { audit: 'device.remove' } }, async (request, reply) => {
    await operations.removeDevice(request.params.id);
    return reply.code(204).send();
  });

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

function deviceQuery({ limit, label = [], ...given }: ListQuery): DeviceQuery {
  const terms = typeof label === 'string' ? [label] : label;
  return {
    ...given,
    limit: limit === undefined ? pageSize : positive(limit, 'limit', maxPage),
    labels: Object.fromEntries(terms.map((term) => labelTerm(term))),
  };
}

function labelTerm(term: string): [string, string] {
  const equals = term.indexOf('=');
  if (equals <= 0) throw badQuery('label', 'key=value', term);
  return [term.slice(0, equals), term.slice(equals + 1)];
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
