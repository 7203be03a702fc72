import type { PanelPlan, Variable } from './board.ts';
import { deviceColumn, seriesLinks, type DeviceLinks } from './device-links.ts';
import { chosen, identifier, literal } from './influxql.ts';
import { stateTimeline, table, type Mapping } from './panels.ts';

/** Every presence there is, in the hub's own order. */
export const presenceMappings: readonly Mapping[] = [
  { value: 'never-seen', text: 'Never seen', color: 'text' },
  { value: 'online', text: 'Online', color: 'green' },
  { value: 'suspect', text: 'Suspect', color: 'yellow' },
  { value: 'offline', text: 'Offline', color: 'red' },
  { value: 'sleeping', text: 'Sleeping', color: 'blue' },
  { value: 'overdue', text: 'Overdue', color: 'orange' },
  { value: 'migrating', text: 'Migrating', color: 'purple' },
  { value: 'unknown', text: 'Unknown', color: 'gray' },
  { value: 'disabled', text: 'Disabled', color: 'dark-red' },
];

const severityMappings: readonly Mapping[] = [
  { value: 'info', text: 'info', color: 'blue' },
  { value: 'warning', text: 'warning', color: 'orange' },
  { value: 'critical', text: 'critical', color: 'red' },
];

/** Everyone's presence is written every five minutes; two are missing before a line breaks, ms. */
const presenceBreakMs = 600_000;

/** From one snapshot before the left edge on, so that the first interval has its state. */
export const sinceLastSnapshot = 'time >= ${__from}ms - 5m AND time <= ${__to}ms';

/** The sites there are, among devices of one type when it is given. */
export function siteVariable(type?: string): Variable {
  return tagVariable('presence', 'site', 'Site', type === undefined ? '' : ofType(type));
}

export const typeVariable: Variable = tagVariable('presence', 'type', 'Type', chosen('site'));

/** The devices of one type at the chosen sites. */
export function deviceVariable(type: string): Variable {
  return tagVariable('presence', 'device', 'Device', `${ofType(type)}${chosen('site')}`);
}

/** The values of a tag in a measurement, where the conditions (each with its ` AND `) hold. */
export function tagVariable(measurement: string, name: string, label: string, conditions: string): Variable {
  const where = conditions === '' ? '' : ` WHERE ${conditions.replace(/^ AND /, '')}`;
  return {
    name,
    label,
    query: `SHOW TAG VALUES FROM ${identifier(measurement)} WITH KEY = ${identifier(name)}${where}`,
  };
}

/** Of this type alone. */
export function ofType(type: string): string {
  return ` AND "type" = ${literal(type)}`;
}

/** A line for each device that meets the conditions. */
export function presenceByDevice(conditions: string, links: DeviceLinks): PanelPlan {
  return stateTimeline({
    title: 'Presence by device',
    description: 'At most 50 devices; with InfluxDB 3, all that are chosen.',
    width: 24,
    height: 10,
    links: seriesLinks(links),
    mappings: presenceMappings,
    breakAfterMs: presenceBreakMs,
    queries: [
      {
        alias: '$tag_device',
        influxql: `SELECT "state" FROM "presence" WHERE ${sinceLastSnapshot}${conditions} GROUP BY "device", "type" SLIMIT 50`,
      },
    ],
  });
}

/** Events of the devices that meet the conditions, newest first. */
export function latestEvents(conditions: string, links: DeviceLinks): PanelPlan {
  return table({
    title: 'Latest events',
    width: 24,
    height: 8,
    colored: { severity: severityMappings },
    columns: [deviceColumn(links)],
    queries: [
      {
        influxql: `SELECT "severity", "name", "device", "type", "site", "data" FROM "event" WHERE $timeFilter${conditions} ORDER BY time DESC LIMIT 100`,
      },
    ],
  });
}
