/** Deliveries that a webhook did not accept for a day. They are kept until they are retried or purged. */

import { Type, type Static } from 'typebox';
import { alarmSeverities, alarmStates } from '../alarms.ts';
import { choice, count, named, nullable, timeMs } from '../values.ts';

/** The most dead deliveries that are kept for one webhook, and in one request. */
export const maxDeadDeliveries = 1_000;

export const DeadDelivery = named(
  'DeadDelivery',
  Type.Object({
    id: Type.String({ description: 'as in X-Hub-Delivery' }),
    deadMs: timeMs('when it was given up'),
    error: Type.String({ description: 'why the last attempt failed' }),
    timeMs: timeMs('when the alarm changed'),
    device: nullable(Type.String({ description: 'its id; null: the hub itself' })),
    source: Type.String({ description: 'what the alarm is about' }),
    severity: choice(alarmSeverities),
    state: choice(alarmStates, 'which the alarm changed to'),
  }),
  {
    id: 'Yk9pZkq3vQm1tB2a',
    deadMs: 1_700_086_400_000,
    error: 'it answered 500',
    timeMs: 1_700_000_000_000,
    device: 'boiler-3',
    source: 'limit.env.temperature.high',
    severity: 'warning',
    state: 'raised',
  },
);
export type DeadDelivery = Static<typeof DeadDelivery>;

/** Which dead deliveries of a webhook: by id, or all of them. */
export const DeadDeliverySelection = named(
  'DeadDeliverySelection',
  Type.Unsafe<{ ids: readonly string[] } | { all: true }>({
    type: 'object',
    minProperties: 1,
    maxProperties: 1,
    additionalProperties: false,
    properties: {
      ids: Type.Array(Type.String({ minLength: 1, maxLength: 64 }), {
        minItems: 1,
        maxItems: maxDeadDeliveries,
      }),
      all: Type.Literal(true),
    },
  }),
  { ids: ['Yk9pZkq3vQm1tB2a'] },
);
export type DeadDeliverySelection = Static<typeof DeadDeliverySelection>;

export const DeadDeliveriesChanged = named(
  'DeadDeliveriesChanged',
  Type.Object({ count: count('how many it was') }),
  { count: 1 },
);
