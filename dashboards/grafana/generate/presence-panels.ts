import type { Variable } from './board.ts';
import { chosen, literal } from './influxql.ts';
import type { Mapping } from './panels.ts';

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

export const severityMappings: readonly Mapping[] = [
  { value: 'info', text: 'info', color: 'blue' },
  { value: 'warning', text: 'warning', color: 'orange' },
  { value: 'critical', text: 'critical', color: 'red' },
];

/** Everyone's presence is written every five minutes; two are missing before a line breaks, ms. */
export const presenceBreakMs = 600_000;

/** From one snapshot before the left edge on, so that the first interval has its state. */
export const sinceLastSnapshot = 'time >= ${__from}ms - 5m AND time <= ${__to}ms';

/** The sites there are, among devices of one type when it is given. */
export function siteVariable(type?: string): Variable {
  return tagVariable('site', 'Site', type === undefined ? '' : ` WHERE "type" = ${literal(type)}`);
}

export const typeVariable: Variable = tagVariable('type', 'Type', ` WHERE ${conditionOf(chosen('site'))}`);

/** The devices of one type at the chosen sites. */
export function deviceVariable(type: string): Variable {
  return tagVariable('device', 'Device', ` WHERE "type" = ${literal(type)}${chosen('site')}`);
}

function tagVariable(name: string, label: string, where: string): Variable {
  return { name, label, query: `SHOW TAG VALUES FROM "presence" WITH KEY = "${name}"${where}` };
}

/** A condition that begins a clause instead of going on with it. */
export function conditionOf(more: string): string {
  return more.replace(/^ AND /, '');
}
