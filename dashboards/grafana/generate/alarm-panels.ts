import { alarmSeverities } from '../../../schemas/api/alarms.ts';
import type { PanelPlan } from './board.ts';
import { deviceColumn, type DeviceLinks } from './device-links.ts';
import { chosen, literal } from './influxql.ts';
import { stat, table, countBars } from './panels.ts';

/** A point is written at each change, so the newest one of the last week says where an alarm stands. */
const newest = `SELECT last("active") AS "active", last("state") AS "state", last("text") AS "text" FROM "alarm" WHERE $timeFilter${chosen('site', 'type')}`;
const bySeries = 'GROUP BY "device", "severity", "site", "source", "type"';
const colors = { critical: 'red', warning: 'orange' };

/** Alarms of devices: how many last, which, and when they were raised. */
export function alarmPanels(links: DeviceLinks): PanelPlan[] {
  return [active(), raised(), list(links)];
}

function active(): PanelPlan {
  return stat({
    title: 'Active alarms by severity',
    description:
      'Alarms of devices that are raised or acknowledged and not over yet, by their newest change of the last seven days.',
    width: 6,
    height: 8,
    timeFrom: '7d',
    unit: 'none',
    decimals: 0,
    colors,
    queries: alarmSeverities.map((severity) => ({
      alias: severity,
      influxql: `SELECT count("active") AS "alarms" FROM (${newest} AND "severity" = ${literal(severity)} ${bySeries}) WHERE "active" = true AND $timeFilter`,
    })),
  });
}

function raised(): PanelPlan {
  return countBars({
    title: 'Alarms raised',
    description: 'Alarms that began or came back in each interval.',
    width: 9,
    height: 8,
    interval: '5m',
    stacked: true,
    colors,
    queries: [
      {
        alias: '$tag_severity',
        influxql: `SELECT count("count") AS "raised" FROM "alarm" WHERE $timeFilter AND "state" = 'raised'${chosen('site', 'type')} GROUP BY time($__interval), "severity" fill(none)`,
      },
    ],
  });
}

function list(links: DeviceLinks): PanelPlan {
  return table({
    title: 'Active alarms',
    description: 'Each with the state and the text of its newest change of the last seven days.',
    width: 9,
    height: 8,
    timeFrom: '7d',
    columns: [{ name: 'Time', hidden: true }, { name: 'active', hidden: true }, deviceColumn(links)],
    queries: [
      {
        influxql: `SELECT "state", "text" FROM (${newest} ${bySeries}) WHERE "active" = true AND $timeFilter ${bySeries}`,
      },
    ],
  });
}
