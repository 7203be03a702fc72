import type { BoardPlan, PanelPlan } from './board.ts';
import { chosen, identifier } from './influxql.ts';
import { stat, stateTimeline, timeseries, type Threshold } from './panels.ts';
import { tagVariable } from './shared-panels.ts';

export const hubUid = 'device-hub-hub';

const picked = chosen('hub');
/** Three of its ten-second points are missing before a line breaks, ms. */
const breakAfterMs = 40_000;

/** The hub itself, by what it writes every ten seconds into measurement `hub`. */
export function hubBoard(): BoardPlan {
  return {
    uid: hubUid,
    title: 'Hub',
    description:
      'The hub itself: load, queues and point ledger. The hub writes these numbers every ten seconds.',
    variables: [tagVariable('hub', 'hub', 'Hub', '')],
    sections: [
      {
        title: 'Now',
        panels: [
          figure('Unhealthy components', 'degraded', goodIsZero),
          figure('Sessions', 'sessions'),
          figure('Spooled points', 'spooled', waiting),
          figure('Dead letters', 'deadLettered', waiting),
          figure('Dropped points', 'dropped', goodIsZero, 'Points lost since the hub started.'),
          figure('Imbalance', 'imbalance', goodIsZero, 'Anything but 0 is a fault of the hub.'),
        ],
      },
      { title: 'Load', panels: [rates(), people(), eventLoop(), levels('Heap', 'bytes', ['heapBytes'])] },
      {
        title: 'Queues',
        panels: [
          levels('In-flight and queued points', 'none', ['inFlight', 'spooled', 'deadLettered']),
          levels('Buffer and spool usage', 'percentunit', ['bufferFill', 'spoolFill', 'eventLoopShare']),
          levels('Commands without a final status', 'none', ['commandsOpen', 'commandsUncertain']),
          links(),
        ],
      },
      { title: 'Rollouts', panels: [updates(), rollouts()] },
    ],
  };
}

const goodIsZero: readonly Threshold[] = [
  { color: 'red', value: null },
  { color: 'green', value: 0 },
  { color: 'red', value: 1 },
];
const waiting: readonly Threshold[] = [
  { color: 'green', value: null },
  { color: 'orange', value: 1 },
];

function figure(
  title: string,
  field: string,
  thresholds: readonly Threshold[] = [{ color: 'text', value: null }],
  description?: string,
): PanelPlan {
  return stat({
    title,
    ...(description === undefined ? {} : { description }),
    width: 4,
    height: 4,
    unit: 'none',
    decimals: 0,
    thresholds,
    queries: [
      {
        alias: '$tag_hub',
        influxql: `SELECT last(${identifier(field)}) AS ${identifier(field)} FROM "hub" WHERE $timeFilter${picked} GROUP BY "hub"`,
      },
    ],
  });
}

/** Totals become rates. A restarted hub begins at 0, which must not count as a negative rate. */
function rates(): PanelPlan {
  return timeseries({
    title: 'Points per second',
    width: 12,
    height: 8,
    interval: '10s',
    unit: 'none',
    min: 0,
    breakAfterMs,
    colors: { rejected: 'orange', dropped: 'red' },
    queries: ['received', 'stored', 'rejected', 'dropped'].map((field) => ({
      alias: field,
      influxql: `SELECT non_negative_derivative(last(${identifier(field)}), 1s) AS ${identifier(field)} FROM "hub" WHERE $timeFilter${picked} GROUP BY time($__interval), "hub" fill(none)`,
    })),
  });
}

function people(): PanelPlan {
  return levels('Devices', 'none', ['devices', 'online', 'sessions']);
}

function eventLoop(): PanelPlan {
  return levels('Event loop', 'ms', ['eventLoopLagMs'], 'max');
}

function levels(
  title: string,
  unit: string,
  fields: readonly string[],
  pick: 'last' | 'max' = 'last',
): PanelPlan {
  return timeseries({
    title,
    description: pick === 'max' ? 'The longest delay of each interval.' : 'The last value of each interval.',
    width: 12,
    height: 8,
    interval: '10s',
    unit,
    min: 0,
    breakAfterMs,
    queries: fields.map((field) => ({ alias: field, influxql: overTime(pick, field) })),
  });
}

function overTime(pick: 'last' | 'max' | 'min', name: string): string {
  const field = identifier(name);
  return `SELECT ${pick}(${field}) AS ${field} FROM "hub" WHERE $timeFilter${picked} GROUP BY time($__interval), "hub" fill(none)`;
}

function updates(): PanelPlan {
  return timeseries({
    title: 'Devices of rollouts',
    description:
      'Of the rollouts that go on: devices that are not done yet, those that run the new firmware and stayed well, and those whose update failed.',
    width: 12,
    height: 8,
    interval: '10s',
    unit: 'none',
    decimals: 0,
    min: 0,
    stacked: true,
    breakAfterMs,
    colors: { updatesOpen: 'blue', updatesSucceeded: 'green', updatesFailed: 'red' },
    queries: ['updatesSucceeded', 'updatesFailed', 'updatesOpen'].map((field) => ({
      alias: field,
      influxql: overTime('last', field),
    })),
  });
}

function rollouts(): PanelPlan {
  return levels('Rollouts', 'none', ['rolloutsOpen', 'rolloutsStopped'], 'last');
}

function links(): PanelPlan {
  return stateTimeline({
    title: 'Store and bus',
    description: 'During an outage of the store, these points wait in the spool and appear here afterwards.',
    width: 12,
    height: 8,
    interval: '10s',
    mappings: [
      { value: '1', text: 'up', color: 'green' },
      { value: '0', text: 'down', color: 'red' },
    ],
    breakAfterMs,
    queries: [
      { alias: 'store', influxql: overTime('min', 'storeUp') },
      { alias: 'bus', influxql: overTime('min', 'busUp') },
    ],
  });
}
