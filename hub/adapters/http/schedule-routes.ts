/** Schedules, as JSON over HTTP. */

import type { FastifyInstance } from 'fastify';
import type { NewSchedule } from '../../../schemas/api/schedules.ts';
import type { Schedules } from '../../schedules/schedules.ts';
import { wholeNumber } from './query-values.ts';

const text = { type: 'string', minLength: 1, maxLength: 256 };
const action = {
  oneOf: [
    {
      type: 'object',
      additionalProperties: false,
      required: ['kind', 'name', 'params'],
      properties: {
        kind: { const: 'command' },
        name: text,
        params: { type: 'object', additionalProperties: true },
        ttlMs: { type: 'integer', minimum: 1, maximum: 2_592_000_000 },
        wave: { type: 'integer', minimum: 1, maximum: 100_000 },
        maxFailures: { type: 'integer', minimum: 0, maximum: 100_000 },
      },
    },
    {
      type: 'object',
      additionalProperties: false,
      required: ['kind', 'topic', 'data'],
      properties: { kind: { const: 'notice' }, topic: text, data: {} },
    },
  ],
};
const scheduleBody = {
  type: 'object',
  additionalProperties: false,
  required: ['name', 'timeZone', 'to', 'action'],
  properties: {
    name: text,
    cron: text,
    atMs: { type: 'number', minimum: 0 },
    timeZone: text,
    to: { type: 'string', minLength: 1, maxLength: 2_048 },
    action,
    catchUp: { type: 'string', enum: ['skip', 'once'] },
    jitterMs: { type: 'integer', minimum: 0, maximum: 86_400_000 },
    paused: { type: 'boolean' },
  },
};

interface Named {
  Params: { name: string };
}
type Body = Omit<NewSchedule, 'catchUp' | 'jitterMs' | 'paused'> &
  Partial<Pick<NewSchedule, 'catchUp' | 'jitterMs' | 'paused'>>;

const maxTimes = 1_000;

/** Adds `/api/v1/schedules` to `app`. */
export function serveSchedules(app: FastifyInstance, schedules: Schedules): void {
  const tags = ['schedules'];
  const params = { type: 'object', properties: { name: { type: 'string' } } };

  const listed = { summary: 'All schedules; who may see only some devices gets those for one of them' };
  app.get('/api/v1/schedules', { schema: { tags, ...listed } }, ({ mayShow }) => ({
    schedules: schedules.list(mayShow),
  }));

  app.post<{ Body: Body }>(
    '/api/v1/schedules',
    { config: { audit: 'schedule.add' }, schema: { tags, summary: 'Add a schedule', body: scheduleBody } },
    async ({ body }, reply) => {
      const { catchUp = 'skip', jitterMs = 0, paused = false, ...given } = body;
      return reply.code(201).send(await schedules.add({ ...given, catchUp, jitterMs, paused }));
    },
  );

  const pausedBody = {
    type: 'object',
    additionalProperties: false,
    required: ['paused'],
    properties: { paused: { type: 'boolean' } },
  };
  app.patch<Named & { Body: { paused: boolean } }>(
    '/api/v1/schedules/:name',
    {
      config: { audit: 'schedule.pause' },
      schema: { tags, summary: 'Pause it, or let it go on', params, body: pausedBody },
    },
    (request) => schedules.pause(request.params.name, request.body.paused),
  );

  app.delete<Named>(
    '/api/v1/schedules/:name',
    { config: { audit: 'schedule.remove' }, schema: { tags, summary: 'Remove it', params } },
    async (request, reply) => {
      await schedules.remove(request.params.name);
      return reply.code(204).send();
    },
  );

  const querystring = {
    type: 'object',
    additionalProperties: false,
    properties: { count: { type: 'string', maxLength: 16 } },
  };
  app.get<Named & { Querystring: { count?: string } }>(
    '/api/v1/schedules/:name/times',
    { schema: { tags, summary: 'Its next times, Unix ms', params, querystring } },
    (request) => ({
      times: schedules.next(request.params.name, wholeNumber(request.query.count ?? '5', 'count', maxTimes)),
    }),
  );
}
