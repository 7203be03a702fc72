import type { TwinState } from '../../../schemas/twin/twin-states.ts';
import type { DeviceType } from '../../../schemas/index.ts';
import type { BoardPlan, PanelPlan } from './board.ts';
import { chosen, identifier, literal } from './influxql.ts';
import { stat, timeseries } from './panels.ts';
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

const picked = chosen('site', 'type');

/** The whole fleet: who is there, how much comes in, what happened. */
export function fleetBoard(types: readonly DeviceType[]): BoardPlan {
  return {
    uid: 'device-hub-fleet',
    title: 'Device fleet',
    description: 'Presence and throughput of the fleet.',
    variables: [siteVariable(), typeVariable],
    sections: [
      { title: 'Fleet', panels: [byPresence(), online(), pointsPerMinute(types)] },
      { title: 'Settings', panels: [byTwin()] },
      { title: 'Devices', panels: [presenceByDevice(picked), latestEvents(picked)] },
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
