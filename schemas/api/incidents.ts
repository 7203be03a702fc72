/** Incidents: each is one problem for an operator, however many devices it concerns. */

import { Type, type Static } from 'typebox';
import { resource } from './operation.ts';
import { choice, count, list, named, timeMs } from './values.ts';

/** What the devices of a correlated loss have in common. */
export const Scope = named(
  'Scope',
  Type.Object({ by: choice(['site', 'address', 'firmware']), value: Type.String() }),
  { by: 'site', value: 'berlin' },
);
export type Scope = Static<typeof Scope>;

export const incidentKinds = [
  'cloned-credential',
  'flapping',
  'correlated-loss',
  'schedule-refused',
  'connections-cut',
  'shared-topics',
  'hub-lost',
] as const;

export const Incident = named(
  'Incident',
  Type.Object({
    id: Type.String(),
    kind: choice(incidentKinds),
    state: choice(['open', 'closed']),
    sinceMs: timeMs('when it opened'),
    untilMs: Type.Optional(timeMs('when it closed')),
    scope: Type.Optional(Scope),
    subject: Type.Optional(
      Type.String({
        description:
          'what it is about, if that is no device: the name of a schedule, a network address, the id of another hub',
      }),
    ),
    limit: Type.Optional(count('of the connections from that network')),
    devices: count('how many devices it is about'),
    of: Type.Optional(count('how many devices its scope has, the others included')),
    sample: list(Type.String(), { description: 'ids of some of them' }),
  }),
  {
    id: '3f2a-1',
    kind: 'correlated-loss',
    state: 'open',
    sinceMs: 1_700_000_000_000,
    scope: { by: 'site', value: 'berlin' },
    devices: 42,
    of: 60,
    sample: ['boiler-3', 'boiler-4'],
  },
);
export type Incident = Static<typeof Incident>;

export const incidentApi = resource('incidents', {
  listIncidents: {
    method: 'GET',
    path: '/api/v1/incidents',
    summary: 'Incidents, newest first',
    answers: { 200: Type.Object({ incidents: list(Incident) }) },
  },
});
