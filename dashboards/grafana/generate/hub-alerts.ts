import type { AlertRule } from './alert-rule.ts';
import { certificateWarnSec, hubUid } from './hub-board.ts';
import { identifier } from './influxql.ts';

const hub = 'Hub {{ .Labels.hub }}';

/** Rules about the hub itself, from measurement `hub`. */
export const hubAlerts: readonly AlertRule[] = [
  {
    panel: panelOf('silent'),
    uid: 'device-hub-hub-silent',
    title: 'Hub not reporting',
    // Not grouped by hub: a hub that is gone has no series, and so would raise no alert.
    influxql: 'SELECT count("uptimeSec") AS "points" FROM "hub" WHERE $timeFilter',
    rangeSec: 120,
    condition: { below: 1 },
    for: '1m',
    noData: 'Alerting',
    severity: 'critical',
    summary: 'No hub has written to InfluxDB for two minutes',
    description:
      'The hub does not run, or cannot reach InfluxDB. In the second case, readings wait in its spool.',
  },
  level('degraded', 'Hub component down', 'last("degraded")', { above: 0 }, '1m', 'critical', {
    summary: `${hub}: {{ .Values.B }} of store, clock, spool, disk and bus are down`,
    description: '`/readyz` names each component and the reason.',
  }),
  level('buffer', 'Hub buffer nearly full', 'max("bufferFill")', { above: 0.8 }, '1m', 'critical', {
    summary: `${hub} is about to refuse readings`,
    description:
      'The buffer in front of the store is more than 80 % full; the hub asks devices to retry later.',
  }),
  level('spool', 'Spool above 80 %', 'last("spoolFill")', { above: 0.8 }, '1m', 'critical', {
    summary: `${hub}: the spool is more than 80 % full`,
    description:
      'InfluxDB has been unavailable or slow for a long time. When the spool is full, devices must keep their readings.',
  }),
  level('lag', 'Hub event loop blocked', 'max("eventLoopLagMs")', { above: 1_000 }, '2m', 'warning', {
    summary: `${hub} was blocked for {{ .Values.B }} ms`,
    description: 'The event loop was blocked: acks, commands and presence were late by this time.',
  }),
  {
    ...level(
      'certificateLeftSec',
      'Certificate ends soon',
      'last("certificateLeftSec")',
      { below: certificateWarnSec },
      '10m',
      'warning',
      {
        summary: `${hub}: the certificate of the devices' port ends in less than 14 days`,
        description:
          "Devices refuse it once it has ended. Renew the files of `HUB_TLS_CERT` and `HUB_TLS_KEY`: they are read again without a restart. A certificate of the hub's own CA is renewed by the hub; its log says why it was not.",
      },
    ),
    uid: 'device-hub-hub-certificate',
    // It changes in days: a hub that is away for a while keeps its alert.
    rangeSec: 3_600,
  },
  rise('dropped', 'Points lost', 'critical', {
    summary: `${hub} has lost points`,
    description:
      'Dead letters were purged, or the buffer had no room for points of the hub itself. `hub ledger` shows which.',
  }),
  rise('deadLettered', 'InfluxDB rejects points', 'warning', {
    summary: `${hub} has new dead letters`,
    description: '`hub dead-letters list` shows each one with the reason that the database gave.',
  }),
  rise('rejected', 'Readings rejected', 'warning', {
    summary: `${hub} rejects readings`,
    description:
      'Devices send readings that violate their schema (for example, a value beyond minimum or maximum) or whose time is out of bounds.',
  }),
  rise('rolloutsStopped', 'Rollout stopped', 'critical', {
    summary: `${hub} has stopped a rollout`,
    description:
      'Too many updates failed, or the updated devices do worse than the others. `hub rollout show` has the counts, the p and the devices.',
  }),
  level(
    'imbalance',
    'Point ledger out of balance',
    'last("imbalance")',
    { outside: [0, 0] },
    '1m',
    'critical',
    {
      summary: `${hub}: the point ledger is out of balance`,
      description: 'This is a fault of the hub. Its log names the accounts.',
    },
  ),
];

/** Where each is seen on the dashboard of the hub. */
function panelOf(name: string): AlertRule['panel'] {
  const titles: Readonly<Record<string, string>> = {
    degraded: 'Unhealthy components',
    buffer: 'Buffer and spool usage',
    spool: 'Buffer and spool usage',
    lag: 'Event loop',
    certificateLeftSec: 'Certificate ends in',
    dropped: 'Dropped points',
    deadLettered: 'Dead letters',
    imbalance: 'Imbalance',
    rolloutsStopped: 'Rollouts',
  };
  return { board: hubUid, title: titles[name] ?? 'Points per second' };
}

type Words = Pick<AlertRule, 'summary' | 'description'>;

function level(
  name: string,
  title: string,
  pick: string,
  condition: AlertRule['condition'],
  hold: string,
  severity: AlertRule['severity'],
  words: Words,
): AlertRule {
  return {
    panel: panelOf(name),
    uid: `device-hub-hub-${name}`,
    title,
    influxql: `SELECT ${pick} AS ${identifier(name)} FROM "hub" WHERE $timeFilter GROUP BY "hub"`,
    rangeSec: 120,
    condition,
    for: hold,
    // `Hub not reporting` covers this case.
    noData: 'OK',
    severity,
    ...words,
  };
}

/** A total that grew. One that fell belongs to a hub that has restarted. */
function rise(field: string, title: string, severity: AlertRule['severity'], words: Words): AlertRule {
  const name = identifier(field);
  return {
    panel: panelOf(field),
    uid: `device-hub-hub-${field.toLowerCase()}`,
    title,
    influxql: `SELECT sum("rise") AS ${name} FROM (SELECT non_negative_difference(${name}) AS "rise" FROM "hub" WHERE $timeFilter GROUP BY "hub") WHERE $timeFilter GROUP BY "hub"`,
    rangeSec: 600,
    condition: { above: 0 },
    for: '0s',
    noData: 'OK',
    severity,
    ...words,
  };
}
