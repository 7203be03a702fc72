/** What the console's pages show of the hub, as JSON over HTTP. */

import type { FastifyInstance } from 'fastify';
import type { MayShow } from '../../registry/visibility.ts';
import type { RejectReport } from '../../admin/rejects.ts';
import type { TypeViews } from '../../admin/type-views.ts';
import { faultAnswer } from './error-answers.ts';

/** A part the hub depends on. */
interface Part {
  name: string;
  up: boolean;
  /** Why it is not. */
  reason?: string;
}

/** The hub at a glance; times are Unix ms. */
export interface HubSnapshot {
  name: string;
  version: string;
  startedMs: number;
  nowMs: number;
  hubId: string;
  incarnation: string;
  devices: { total: number; byState: Readonly<Record<string, number>> };
  /** Open now. */
  sessions: number;
  messagesPerSec: number;
  storedPerSec: number;
  books: {
    /** On disk when the hub started: they came in before. */
    carried: number;
    received: number;
    stored: number;
    spooled: number;
    deadLettered: number;
    /** By nack code. */
    rejected: Readonly<Record<string, number>>;
    /** By cause. */
    dropped: Readonly<Record<string, number>>;
    inFlight: number;
    /** Anything but 0 is a fault of the hub. */
    imbalance: number;
  };
  /** Lines that wait for the store; `fill`: how full the buffer is, 0 to 1. */
  writer: { lines: number; fill: number };
  spool: {
    lines: number;
    /** Characters. */
    size: number;
    maxSize: number;
    deadLetters: number;
    oldestMs: number | null;
    fault?: string;
  };
  eventLoop: { p50Ms: number; p99Ms: number; maxMs: number; share: number };
  store: Part;
  bus: Part & { queued: number };
  /** Sessions the hub closed, by code. */
  closes: Readonly<Record<string, number>>;
  commands: { open: number; byStatus: Readonly<Record<string, number>> };
  memory: { rssBytes: number };
}

export interface ReadOperations extends TypeViews {
  /** @param mayShow not given: of all devices */
  hub(mayShow?: MayShow): Promise<HubSnapshot>;
  /** @param mayShow not given: of all devices */
  rejects(mayShow?: MayShow): RejectReport;
}

const number = { type: 'number' };
const text = { type: 'string' };
const counts = { type: 'object', additionalProperties: number };
const numbers = (...names: string[]): Record<string, object> =>
  Object.fromEntries(names.map((name) => [name, number]));
const object = (properties: Record<string, object>): object => ({ type: 'object', properties });
const part = { name: text, up: { type: 'boolean' }, reason: text };

const hubSchema = object({
  name: text,
  version: text,
  ...numbers('startedMs', 'nowMs'),
  hubId: text,
  incarnation: text,
  devices: object({ total: number, byState: counts }),
  ...numbers('sessions', 'messagesPerSec', 'storedPerSec'),
  books: object({
    ...numbers('carried', 'received', 'stored', 'spooled', 'deadLettered'),
    rejected: counts,
    dropped: counts,
    ...numbers('inFlight', 'imbalance'),
  }),
  writer: object(numbers('lines', 'fill')),
  spool: object({
    ...numbers('lines', 'size', 'maxSize', 'deadLetters'),
    oldestMs: { type: ['number', 'null'] },
    fault: text,
  }),
  eventLoop: object(numbers('p50Ms', 'p99Ms', 'maxMs', 'share')),
  store: object(part),
  bus: object({ ...part, queued: number }),
  closes: counts,
  commands: object({ open: number, byStatus: counts }),
  memory: object({ rssBytes: number }),
});

const names = { type: 'array', items: text };
const typeRow = object({ id: text, devices: number, streams: names, commands: names });
/** Documentation only: answers are not filtered by it. */
const typeSchema = {
  type: 'object',
  additionalProperties: true,
  properties: {
    id: text,
    name: text,
    version: number,
    streams: { type: 'object', additionalProperties: true, description: 'JSON Schemas of the readings' },
    events: { type: 'object', additionalProperties: true, description: 'JSON Schemas of the events' },
    commands: {
      type: 'object',
      additionalProperties: true,
      description: 'params and output as JSON Schemas, offline, safety, ttlSec, idempotent',
    },
    presence: object(numbers('heartbeatSec', 'graceSec')),
  },
};
const rejectRow = object({
  type: text,
  stream: text,
  field: text,
  rule: text,
  firmware: text,
  ...numbers('count', 'lastMs'),
  example: object({ device: text, message: text }),
});
const answers = (answer: object): object => ({ 200: answer, '4xx': faultAnswer });

/** Adds `/api/v1/hub`, `/api/v1/device-types…` and `/api/v1/rejects` to `app`. */
export function serveReads(app: FastifyInstance, operations: ReadOperations): void {
  app.get(
    '/api/v1/hub',
    {
      schema: {
        tags: ['hub'],
        summary: 'The hub at a glance',
        description:
          'Who may see only some devices gets sums over those, and no totals by code or status, which are those of all.',
        response: answers(hubSchema),
      },
    },
    ({ mayShow }) => operations.hub(mayShow),
  );

  app.get(
    '/api/v1/device-types',
    {
      schema: {
        tags: ['device types'],
        summary: 'The device types, and how many devices there are of each',
        response: answers(object({ types: { type: 'array', items: typeRow } })),
      },
    },
    ({ mayShow }) => ({ types: operations.types(mayShow) }),
  );

  app.get<{ Params: { id: string } }>(
    '/api/v1/device-types/:id',
    {
      schema: {
        tags: ['device types'],
        summary: 'A device type as its file says it, with defaults filled in',
        params: object({ id: { ...text, maxLength: 128 } }),
        response: answers(typeSchema),
      },
    },
    ({ params }) => operations.type(params.id),
  );

  app.get(
    '/api/v1/rejects',
    {
      schema: {
        tags: ['device types'],
        summary: 'What was refused since the hub started, by field and firmware',
        response: answers(
          object({
            rejects: { type: 'array', items: rejectRow },
            other: { type: 'number', description: 'refusals in rows that did not fit' },
          }),
        ),
      },
    },
    ({ mayShow }) => operations.rejects(mayShow),
  );
}
