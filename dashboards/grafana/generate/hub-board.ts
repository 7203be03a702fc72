import type { BoardPlan, PanelPlan } from './board.ts';
import { chosen, identifier } from './influxql.ts';
import { stat, stateTimeline, timeseries, type Threshold } from './panels.ts';
import { tagVariable } from './shared-panels.ts';

export const hubUid = 'device-hub-hub';

const picked = chosen('hub');
/** A certificate is an alert when it ends sooner. */
export const certificateWarnSec = 14 * 86_400;
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
          figure('Unhealthy components', 'degraded', { thresholds: goodIsZero }),
          figure('Sessions', 'sessions'),
          figure('Spooled points', 'spooled', { thresholds: waiting }),
          figure('Dead letters', 'deadLettered', { thresholds: waiting }),
          figure('Dropped points', 'dropped', {
            thresholds: goodIsZero,
            description: 'Points lost since the hub started.',
          }),
          figure('Imbalance', 'imbalance', {
            thresholds: goodIsZero,
            description: 'Anything but 0 is a fault of the hub.',
          }),
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
      { title: 'Store', panels: [writeTime(), spoolWait(), certificate()] },
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
  more: Partial<
    Pick<Parameters<typeof stat>[0], 'thresholds' | 'description' | 'unit' | 'width' | 'height'>
  > = {},
): PanelPlan {
  return stat({
    title,
    width: 4,
    height: 4,
    unit: 'none',
    decimals: 0,
    thresholds: [{ color: 'text', value: null }],
    ...more,
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

function writeTime(): PanelPlan {
  return store('Time of a write to the store', 'ms', 'storeWriteMs', {
    description: 'How long writes take lately; each counts for an eighth. The longest of each interval.',
  });
}

function spoolWait(): PanelPlan {
  return store('Age of the spool', 's', 'spoolWaitSec', {
    description: 'How long the oldest line in the spool has been waiting for the store; 0 when none waits.',
  });
}

function store(
  title: string,
  unit: string,
  field: string,
  { description }: { description: string },
): PanelPlan {
  return timeseries({
    title,
    description,
    width: 9,
    height: 8,
    interval: '10s',
    unit,
    min: 0,
    breakAfterMs,
    queries: [{ alias: '$tag_hub', influxql: overTime('max', field) }],
  });
}

function certificate(): PanelPlan {
  return figure('Certificate ends in', 'certificateLeftSec', {
    description:
      'Of the certificate that devices see. Empty without TLS. The hub renews the one of its own CA; yours is read again when its file changes.',
    thresholds: [
      { color: 'red', value: null },
      { color: 'orange', value: certificateWarnSec },
      { color: 'green', value: 30 * 86_400 },
    ],
    unit: 's',
    width: 6,
    height: 8,
  });
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
