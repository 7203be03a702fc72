import type { BoardPlan, PanelPlan } from './board.ts';
import { deviceColumn, type DeviceLinks } from './device-links.ts';
import { marks } from './marks.ts';
import { chosen, literal, oneOf } from './influxql.ts';
import { stat, table, timeseries, type Mapping, type Query, countBars } from './panels.ts';
import { tagVariable } from './shared-panels.ts';

export const commandsUid = 'device-hub-commands';

/** How commands end. */
export const outcomes: readonly Mapping[] = [
  { value: 'succeeded', text: 'succeeded', color: 'green' },
  { value: 'failed', text: 'failed', color: 'red' },
  { value: 'rejected', text: 'rejected', color: 'orange' },
  { value: 'expired', text: 'expired', color: 'yellow' },
  { value: 'cancelled', text: 'cancelled', color: 'blue' },
  { value: 'lost', text: 'lost', color: 'dark-red' },
];

const picked = chosen('site', 'type', 'name');
const ended = oneOf(
  'status',
  outcomes.map(({ value }) => value),
);
const colors = Object.fromEntries(outcomes.map(({ value, color }) => [value, color]));

/** What became of commands, and how long they took. */
export function commandsBoard(links: DeviceLinks): BoardPlan {
  return {
    uid: commandsUid,
    title: 'Commands',
    description: 'How commands ended, and how long they took.',
    variables: [
      tagVariable('command', 'site', 'Site', ''),
      tagVariable('command', 'type', 'Type', chosen('site')),
      tagVariable('command', 'name', 'Command', chosen('site', 'type')),
    ],
    annotations: [marks.hubStarts, marks.incidents],
    sections: [
      { title: 'Outcomes', panels: [totals(), overTime(), byName()] },
      { title: 'Latency', panels: [latency(), stages()] },
      {
        title: 'Commands',
        panels: [latest('Latest outcomes', ended, links), latest('Latest failures', failed, links)],
      },
    ],
  };
}

const ofSuccess = `FROM "command" WHERE $timeFilter AND "status" = 'succeeded'${picked} GROUP BY time($__interval) fill(none)`;
const failed = `${ended} AND "status" != ${literal('succeeded')}`;

function totals(): PanelPlan {
  return stat({
    title: 'Outcomes',
    width: 24,
    height: 4,
    unit: 'none',
    decimals: 0,
    colors,
    queries: [
      {
        alias: '$tag_status',
        influxql: `SELECT count("totalMs") AS "commands" FROM "command" WHERE $timeFilter${ended}${picked} GROUP BY "status"`,
      },
    ],
  });
}

function overTime(): PanelPlan {
  return countBars({
    title: 'Outcomes over time',
    width: 12,
    height: 8,
    interval: '1m',
    stacked: true,
    colors,
    queries: [
      {
        alias: '$tag_status',
        influxql: `SELECT count("totalMs") AS "commands" FROM "command" WHERE $timeFilter${ended}${picked} GROUP BY time($__interval), "status" fill(none)`,
      },
    ],
  });
}

function byName(): PanelPlan {
  return table({
    title: 'Outcomes by command',
    description: 'Milliseconds from acceptance to the final status.',
    width: 12,
    height: 8,
    colored: { status: outcomes },
    columns: [
      { name: 'median', unit: 'ms' },
      { name: 'longest', unit: 'ms' },
    ],
    queries: [
      {
        influxql: `SELECT count("totalMs") AS "commands", median("totalMs") AS "median", max("totalMs") AS "longest" FROM "command" WHERE $timeFilter${ended}${picked} GROUP BY "name", "status"`,
      },
    ],
  });
}

function percentile(share: number): Query {
  return {
    alias: `p${share}`,
    influxql: `SELECT percentile("totalMs", ${share}) AS "p${share}" ${ofSuccess}`,
  };
}

function latency(): PanelPlan {
  return timeseries({
    title: 'Time to success',
    description: 'From acceptance to the final status, of commands that succeeded.',
    width: 12,
    height: 8,
    interval: '1m',
    unit: 'ms',
    min: 0,
    queries: [50, 95, 99].map(percentile),
  });
}

function stage(field: string, alias: string): Query {
  return { alias, influxql: `SELECT mean("${field}") AS "${field}" ${ofSuccess}` };
}

function stages(): PanelPlan {
  return timeseries({
    title: 'Latency by stage',
    description:
      'Means of commands that succeeded: queued until sent, delivery until the device has received it, run until its result.',
    width: 12,
    height: 8,
    interval: '1m',
    unit: 'ms',
    min: 0,
    stacked: true,
    queries: [stage('queuedMs', 'queued'), stage('deliveryMs', 'delivery'), stage('runMs', 'run')],
  });
}

function latest(title: string, condition: string, links: DeviceLinks): PanelPlan {
  return table({
    title,
    width: 12,
    height: 10,
    colored: { status: outcomes },
    columns: [{ name: 'totalMs', unit: 'ms' }, deviceColumn(links)],
    queries: [
      {
        influxql: `SELECT "status", "reason", "name", "device", "type", "totalMs", "origin", "id" FROM "command" WHERE $timeFilter${condition}${picked} ORDER BY time DESC LIMIT 100`,
      },
    ],
  });
}
