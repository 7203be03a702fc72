/** What the console's pages show of the hub, as JSON over HTTP. */

import type { FastifyInstance } from 'fastify';
import type { MayShow } from '../devices/device-pages.ts';
import { faultAnswer } from './http-answers.ts';

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

export interface ReadOperations {
  /** @param mayShow not given: of all devices */
  hub(mayShow?: MayShow): Promise<HubSnapshot>;
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
    ...numbers('received', 'stored', 'spooled', 'deadLettered'),
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

/** Adds `/api/v1/hub` to `app`. */
export function serveReads(app: FastifyInstance, operations: ReadOperations): void {
  app.get(
    '/api/v1/hub',
    {
      schema: {
        tags: ['hub'],
        summary: 'The hub at a glance',
        description:
          'Who may see only some devices gets sums over those, and no totals by code or status, which are those of all.',
        response: { 200: hubSchema, '4xx': faultAnswer },
      },
    },
    ({ mayShow }) => operations.hub(mayShow),
  );
}
