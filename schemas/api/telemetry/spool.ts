/** Lines on disk that wait for the metrics store, and lines that the store permanently refused. */

import { Type, type Static } from 'typebox';
import { resource } from '../operation.ts';
import {
  choice,
  closed,
  count,
  cursor,
  defaulted,
  limitOf,
  list,
  named,
  nullable,
  timeMs,
} from '../values.ts';

export const SpoolStatus = named(
  'SpoolStatus',
  Type.Object({
    store: choice(['up', 'down', 'offline'], '`down`: lines go to the spool; `offline`: no hub runs'),
    storeFault: Type.Optional(Type.String({ description: 'why the store is down' })),
    spoolFault: Type.Optional(Type.String({ description: 'why the spool itself accepts nothing now' })),
    lines: count(),
    size: count('characters of these lines'),
    maxSize: count('the maximum of characters'),
    deadLetters: count(),
    maxDeadLetters: count(),
    oldestMs: nullable(timeMs('when the oldest lines were spooled; null when there are none')),
  }),
  {
    store: 'down',
    storeFault: 'connect ECONNREFUSED 127.0.0.1:8086',
    lines: 4_200,
    size: 390_000,
    maxSize: 1_000_000_000,
    deadLetters: 1,
    maxDeadLetters: 100_000,
    oldestMs: 1_700_000_000_000,
  },
);
export type SpoolStatus = Static<typeof SpoolStatus>;

/** Some of the spooled lines. */
export const SpoolPage = named(
  'SpoolPage',
  Type.Object({
    lastId: Type.Integer({ description: '`after` of the next page' }),
    text: Type.String({ description: 'line protocol, times in microseconds' }),
  }),
  { lastId: 3, text: 'env_sensor_env,device=boiler-3 temperature=21.5 1700000000000000\n' },
);
export type SpoolPage = Static<typeof SpoolPage>;

/** A line that the store refuses permanently. */
export const DeadLetter = named(
  'DeadLetter',
  Type.Object({
    id: Type.Integer({ minimum: 1 }),
    account: Type.String({ description: 'the device' }),
    line: Type.String({ description: 'line protocol' }),
    reason: Type.String({ description: "the store's own words" }),
    refusedMs: timeMs('when the store refused it'),
  }),
  {
    id: 7,
    account: 'boiler-3',
    line: 'env_sensor_env,device=boiler-3 temperature=21i 1700000000000000',
    reason: 'field type conflict: input field "temperature" is type integer, already exists as type float',
    refusedMs: 1_700_000_000_000,
  },
);
export type DeadLetter = Static<typeof DeadLetter>;

/** Dead letters of one request. */
const maxDeadLetters = 10_000;

/** Which dead letters: by id, or of one device, or all of them. */
export const DeadLetterSelection = named(
  'DeadLetterSelection',
  Type.Unsafe<{ ids: readonly number[] } | { device: string } | { all: true }>({
    type: 'object',
    minProperties: 1,
    maxProperties: 1,
    additionalProperties: false,
    properties: {
      ids: Type.Array(Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }), {
        minItems: 1,
        maxItems: maxDeadLetters,
      }),
      device: Type.String({ minLength: 1, maxLength: 64 }),
      all: Type.Literal(true),
    },
  }),
  { ids: [7, 8] },
);
export type DeadLetterSelection = Static<typeof DeadLetterSelection>;

const Changed = named('DeadLettersChanged', Type.Object({ count: count('how many it was') }), { count: 2 });

export const spoolApi = resource('store', {
  showSpool: {
    method: 'GET',
    path: '/api/v1/spool',
    summary: 'The state of the spool',
    answers: { 200: SpoolStatus },
    refusals: ['database-failed'],
  },
  listSpooledLines: {
    method: 'GET',
    path: '/api/v1/spool/lines',
    summary: 'The spooled lines, page by page; the spool does not change',
    query: closed({ after: defaulted(cursor('the `lastId` of the page before'), 0) }),
    answers: { 200: Type.Object({ page: nullable(SpoolPage) }) },
    meanings: { 200: 'The page; null after the last.' },
    refusals: ['database-failed'],
  },
  listDeadLetters: {
    method: 'GET',
    path: '/api/v1/dead-letters',
    summary: 'Lines that the store refuses permanently, by id',
    query: closed({
      device: Type.Optional(
        Type.String({ minLength: 1, maxLength: 64, description: 'only of this account' }),
      ),
      after: defaulted(cursor('the last id of the page before'), 0),
      limit: limitOf(maxDeadLetters),
    }),
    answers: { 200: Type.Object({ deadLetters: list(DeadLetter) }) },
    refusals: ['database-failed'],
  },
  showDeadLetter: {
    method: 'GET',
    path: '/api/v1/dead-letters/{id}',
    summary: 'One dead letter',
    params: Type.Object({ id: cursor('of the dead letter') }),
    answers: { 200: DeadLetter },
    refusals: ['dead-letter-unknown', 'database-failed'],
  },
  retryDeadLetters: {
    method: 'POST',
    path: '/api/v1/dead-letters/retry',
    summary: 'Retry dead letters: move them to the spool',
    body: DeadLetterSelection,
    answers: { 200: Changed },
    refusals: ['database-failed'],
  },
  purgeDeadLetters: {
    method: 'POST',
    path: '/api/v1/dead-letters/purge',
    summary: 'Delete dead letters permanently',
    body: DeadLetterSelection,
    answers: { 200: Changed },
    refusals: ['database-failed'],
  },
});
