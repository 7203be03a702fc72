import type { TwinState } from '../../../schemas/twin/twin-states.ts';
import type { DeviceType } from '../../../schemas/index.ts';
import { alarmPanels } from './alarm-panels.ts';
import type { BoardPlan, PanelPlan } from './board.ts';
import { chosen, identifier, literal } from './influxql.ts';
import { deviceColumn, type DeviceLinks } from './device-links.ts';
import { marks } from './marks.ts';
import { stat, table, timeseries, countBars } from './panels.ts';
import {
  latestEvents,
  presenceByDevice,
  presenceMappings,
  sinceLastSnapshot,
  siteVariable,
  typeVariable,
} from './shared-panels.ts';

const twinMappings = [
  { value: 'in-sync', text: 'In sync', color: 'green' },
  { value: 'pending', text: 'Pending', color: 'yellow' },
  { value: 'waiting', text: 'Waiting', color: 'blue' },
  { value: 'refused', text: 'Refused', color: 'red' },
] as const satisfies { value: TwinState; text: string; color: string }[];

export const fleetUid = 'device-hub-fleet';

const picked = chosen('site', 'type');

/** The whole fleet: who is there, how much comes in, what happened. */
export function fleetBoard(types: readonly DeviceType[], links: DeviceLinks): BoardPlan {
  return {
    uid: fleetUid,
    title: 'Device fleet',
    description: 'Presence and throughput of the fleet.',
    variables: [siteVariable(), typeVariable],
    annotations: [marks.hubStarts, marks.incidents],
    sections: [
      { title: 'Fleet', panels: [byPresence(), online(), pointsPerMinute(types)] },
      { title: 'Settings', panels: [byTwin()] },
      { title: 'Alarms', panels: alarmPanels(links) },
      { title: 'Firmware', panels: [byFirmware(), refused()] },
      { title: 'Trouble', panels: [openIncidents(), changes(), talkers(links)] },
      { title: 'Devices', panels: [presenceByDevice(picked, links), latestEvents(picked, links)] },
    ],
  };
}

function byPresence(): PanelPlan {
  return stat({
    title: 'Devices by presence',
    description:
      'Devices by their newest presence of the last fifteen minutes. The hub writes the presence of every device every five minutes. A device that is not counted was removed, or the hub has not been running.',
    width: 24,
    height: 4,
    timeFrom: '15m',
    unit: 'none',
    decimals: 0,
    colors: Object.fromEntries(presenceMappings.map(({ text, color }) => [text, color])),
    queries: presenceMappings.map(({ value, text }) => ({
      alias: text,
      influxql: `SELECT count("state") AS "devices" FROM (SELECT last("state") AS "state" FROM "presence" WHERE $timeFilter${picked} GROUP BY "device") WHERE "state" = ${literal(value)} AND $timeFilter`,
    })),
  });
}

/** Each hub counts its own devices with every snapshot of presence. */
function byFirmware(): PanelPlan {
  return timeseries({
    title: 'Devices by firmware',
    description:
      'How many devices ran each version last, by type. Devices that never named a firmware are not counted.',
    width: 12,
    height: 8,
    interval: '5m',
    unit: 'none',
    decimals: 0,
    min: 0,
    stacked: true,
    draw: 'steps',
    breakAfterMs: 1_800_000,
    queries: [
      {
        alias: '$tag_type $tag_version',
        influxql: `SELECT sum("devices") AS "devices" FROM (SELECT last("devices") AS "devices" FROM "firmware" WHERE ${sinceLastSnapshot}${picked} GROUP BY time($__interval), "hub", "site", "type", "version" fill(none)) WHERE ${sinceLastSnapshot} GROUP BY time($__interval), "type", "version" fill(none)`,
      },
    ],
  });
}

function refused(): PanelPlan {
  return table({
    title: 'Refused by field and rule',
    description:
      'Frames that a rule of the device type refused in the time range. The console has an example of each, with the devices.',
    width: 12,
    height: 8,
    columns: [{ name: 'Time', hidden: true }],
    queries: [
      {
        influxql: `SELECT sum("frames") AS "frames" FROM "refused" WHERE $timeFilter${chosen('type')} GROUP BY "type", "stream", "field", "rule"`,
      },
    ],
  });
}

/** Each thing that an incident was about, by its newest point. */
function openIncidents(): PanelPlan {
  return table({
    title: 'Incidents',
    description:
      'What was the matter in the last seven days, by its newest state: open is 1 as long as it lasts.',
    width: 8,
    height: 8,
    timeFrom: '7d',
    columns: [{ name: 'Time', hidden: true }],
    queries: [
      {
        influxql: `SELECT last("open") AS "open", last("devices") AS "devices" FROM "incident" WHERE $timeFilter GROUP BY "kind", "subject"`,
      },
    ],
  });
}

/** The number of its changes grows with each one; the hub counts on after a restart. */
function changes(): PanelPlan {
  return countBars({
    title: 'Changes of presence',
    description:
      'How often devices came, went or were late, in each interval. A high number with few devices is flapping.',
    width: 8,
    height: 8,
    interval: '5m',
    queries: [
      {
        alias: 'changes',
        influxql: `SELECT sum("rise") AS "changes" FROM (SELECT non_negative_difference("n") AS "rise" FROM "presence" WHERE ${sinceLastSnapshot}${picked} GROUP BY "device") WHERE $timeFilter GROUP BY time($__interval) fill(none)`,
      },
    ],
  });
}

function talkers(links: DeviceLinks): PanelPlan {
  return table({
    title: 'Devices that send most',
    description: 'Points accepted in the time range, as the snapshots of presence count them.',
    width: 8,
    height: 8,
    columns: [{ name: 'Time', hidden: true }, deviceColumn(links)],
    queries: [
      {
        influxql: `SELECT top("sent", 20) AS "points", "device", "type", "site" FROM (SELECT spread("points") AS "sent" FROM "presence" WHERE $timeFilter${picked} GROUP BY "device", "type", "site")`,
      },
    ],
  });
}

function byTwin(): PanelPlan {
  return stat({
    title: 'Devices by where their settings stand',
    description:
      'Twins that changed in the last seven days, by their newest state. In sync: the device holds what is desired of it. Refused: it holds something else, or named errors.',
    width: 24,
    height: 4,
    timeFrom: '7d',
    unit: 'none',
    decimals: 0,
    colors: Object.fromEntries(twinMappings.map(({ text, color }) => [text, color])),
    queries: twinMappings.map(({ value, text }) => ({
      alias: text,
      influxql: `SELECT count("state") AS "devices" FROM (SELECT last("state") AS "state" FROM "twin" WHERE $timeFilter${picked} GROUP BY "device") WHERE "state" = ${literal(value)} AND $timeFilter`,
    })),
  });
}

/** Devices at the end of each interval that meet the condition. */
function count(name: string, condition: string): string {
  return `SELECT count("online") AS "${name}" FROM (SELECT last("online") AS "online" FROM "presence" WHERE ${sinceLastSnapshot}${picked} GROUP BY time($__interval), "device") WHERE ${condition}${sinceLastSnapshot} GROUP BY time($__interval) fill(none)`;
}

function online(): PanelPlan {
  return timeseries({
    title: 'Devices online',
    description:
      'Devices online at the end of each interval, out of all known devices. The query starts five minutes before the left edge, so that the first interval has a snapshot.',
    width: 12,
    height: 8,
    interval: '5m',
    unit: 'none',
    decimals: 0,
    min: 0,
    draw: 'steps',
    breakAfterMs: 1_800_000,
    colors: { online: 'green', known: 'text' },
    queries: [
      { alias: 'online', influxql: count('online', '"online" = true AND ') },
      { alias: 'known', influxql: count('known', '') },
    ],
  });
}

function pointsPerMinute(types: readonly DeviceType[]): PanelPlan {
  const measurements = types.flatMap(({ streams }) =>
    [...streams.values()].map(({ measurement }) => measurement),
  );
  const from = [...new Set(measurements)].toSorted().map(identifier).join(', ');
  return timeseries({
    title: 'Points per minute, by type and stream',
    description:
      'Stored readings by their own times, so late ones appear where they belong. The query counts every point of the time range and is slow over long ranges.',
    width: 12,
    height: 8,
    interval: '1m',
    unit: 'none',
    min: 0,
    stacked: true,
    queries: [
      {
        alias: '$m',
        influxql: `SELECT count("device") * 60000.0 / $__interval_ms AS "points" FROM (SELECT *::field, "device" FROM ${from} WHERE $timeFilter${picked}) WHERE $timeFilter GROUP BY time($__interval), "type" fill(0)`,
      },
    ],
  });
}
