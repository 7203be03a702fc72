import { Type, type Static } from 'typebox';
import { presenceStates } from '../presence-states.ts';
import { ofDevice } from './devices.ts';
import { resource } from './operation.ts';
import { choice, closed, limitOf, list, named, queryTime, timeMs } from './values.ts';

export const PresenceChange = named(
  'PresenceChange',
  Type.Object({ timeMs: timeMs('when it changed'), state: choice(presenceStates), reason: Type.String() }),
  { timeMs: 1_700_000_000_000, state: 'online', reason: 'session-opened' },
);
export type PresenceChange = Static<typeof PresenceChange>;

export const PresenceHistory = named(
  'PresenceHistory',
  Type.Object({
    changes: list(PresenceChange, { description: 'oldest first' }),
    stateBefore: Type.Union([choice(presenceStates), Type.Null()], {
      description: 'the state when the range began; null when it is not known',
    }),
  }),
  {
    changes: [{ timeMs: 1_700_000_000_000, state: 'online', reason: 'session-opened' }],
    stateBefore: 'offline',
  },
);
export type PresenceHistory = Static<typeof PresenceHistory>;

export const presenceHistoryApi = resource('devices', {
  showPresenceHistory: {
    method: 'GET',
    path: '/api/v1/devices/{id}/presence',
    summary: 'Its changes of presence over a range, oldest first',
    params: ofDevice,
    query: closed({
      fromMs: queryTime('at or after this time'),
      toMs: queryTime('before this time'),
      limit: limitOf(10_000, 1_000),
    }),
    answers: { 200: PresenceHistory },
    refusals: ['device-unknown', 'store-unavailable'],
  },
});
