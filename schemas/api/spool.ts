/** What waits on disk for the metrics store, and what the store refused permanently. */

import { Type, type Static } from 'typebox';
import { choice, closed, count, list, named, nullable, timeMs } from './values.ts';

export const SpoolStatus = named(
  'SpoolStatus',
  Type.Object({
    store: choice(['up', 'down', 'offline'], '`down`: lines go to the spool; `offline`: no hub runs'),
    storeFault: Type.Optional(Type.String({ description: 'why the store is down' })),
    spoolFault: Type.Optional(Type.String({ description: 'why the spool itself accepts nothing now' })),
    lines: count(),
    size: count('characters of these lines'),
    maxSize: count('characters there may be'),
    deadLetters: count(),
    maxDeadLetters: count(),
    oldestMs: nullable(timeMs('when the oldest spooled lines came; null when there are none')),
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
export const maxDeadLetters = 10_000;

/** Which dead letters: by id, or of one device, or all of them. */
export const DeadLetterSelection = named(
  'DeadLetterSelection',
  Type.Union([
    closed({
      ids: list(Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }), {
        minItems: 1,
        maxItems: maxDeadLetters,
      }),
    }),
    closed({ device: Type.String({ minLength: 1, maxLength: 64 }) }),
    closed({ all: Type.Literal(true) }),
  ]),
  { ids: [7, 8] },
);
export type DeadLetterSelection = Static<typeof DeadLetterSelection>;
