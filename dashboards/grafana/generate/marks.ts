import type { BoardPlan } from './board.ts';

type Mark = NonNullable<BoardPlan['annotations']>[number];

/** What is marked on every chart, where it happened. */
export const marks = {
  /** The first of the numbers that a hub writes every ten seconds. */
  hubStarts: {
    name: 'Hub started',
    query: 'SELECT "uptimeSec", "hub" FROM "hub" WHERE $timeFilter AND "uptimeSec" < 15',
    textColumn: 'hub',
    tagsColumn: '',
    color: 'blue',
  },
  incidents: {
    name: 'Incidents',
    query: 'SELECT "open", "devices", "subject", "kind" FROM "incident" WHERE $timeFilter LIMIT 100',
    textColumn: 'subject',
    tagsColumn: 'kind',
    color: 'orange',
  },
} as const satisfies Record<string, Mark>;

/** Events of the devices that meet the conditions. */
export function eventMarks(conditions: string): Mark {
  return {
    name: 'Events',
    query: `SELECT "data", "name", "severity" FROM "event" WHERE $timeFilter${conditions} ORDER BY time DESC LIMIT 100`,
    textColumn: 'data',
    tagsColumn: 'name,severity',
    color: 'red',
  };
}
