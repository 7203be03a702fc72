import { Type, type Static } from 'typebox';
import { presenceStates } from '../presence-states.ts';
import { choice, list, named, timeMs } from './values.ts';

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
