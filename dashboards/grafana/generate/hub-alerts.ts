import type { AlertRule } from './alert-rule.ts';
import { identifier } from './influxql.ts';

const hub = 'Hub {{ .Labels.hub }}';

/** Rules about the hub itself, from measurement `hub`. */
export const hubAlerts: readonly AlertRule[] = [
  {
    uid: 'device-hub-hub-silent',
    title: 'The hub writes nothing',
    // Not by hub: one that is gone would have no series, and be no alert.
    influxql: 'SELECT count("uptimeSec") AS "points" FROM "hub" WHERE $timeFilter',
    rangeSec: 120,
    condition: { below: 1 },
    for: '1m',
    noData: 'Alerting',
    severity: 'critical',
    summary: 'No hub has written to InfluxDB for two minutes',
    description: 'It does not run, or it does not reach InfluxDB: then what devices send is in its spool.',
  },
  level('degraded', 'A part of the hub is not well', 'last("degraded")', { above: 0 }, '1m', 'critical', {
    summary: `${hub}: {{ .Values.B }} of store, clock, spool and bus are not well`,
    description: '`/readyz` names them and says why.',
  }),
  level('buffer', 'The hub has no room', 'max("bufferFill")', { above: 0.8 }, '1m', 'critical', {
    summary: `${hub} is about to refuse readings`,
    description:
      'The buffer before the store is over four fifths full; devices are told to come again later.',
  }),
  level('spool', 'The spool fills', 'last("spoolFill")', { above: 0.8 }, '1m', 'critical', {
    summary: `${hub}: the spool is over four fifths full`,
    description: 'When it is full, devices keep their readings. InfluxDB has been away or slow for long.',
  }),
  level('lag', 'The hub is slow', 'max("eventLoopLagMs")', { above: 1_000 }, '2m', 'warning', {
    summary: `${hub} was held up for {{ .Values.B }} ms`,
    description: 'The event loop was blocked: acks, commands and presence are late by that.',
  }),
  rise('dropped', 'Points are lost', 'critical', {
    summary: `${hub} has lost points`,
    description:
      'Purged dead letters, or points of its own that found the buffer full; `hub ledger` says which.',
  }),
  rise('deadLettered', 'InfluxDB refuses points', 'warning', {
    summary: `${hub} has new dead letters`,
    description: '`hub dead-letters list` shows them, each with the reason of the database.',
  }),
  rise('rejected', 'Devices send what is refused', 'warning', {
    summary: `${hub} refuses readings`,
    description:
      'Readings that break their schema, such as a value beyond minimum or maximum, or with times out of bounds.',
  }),
  level('imbalance', 'The books do not balance', 'last("imbalance")', { outside: [0, 0] }, '1m', 'critical', {
    summary: `${hub}: the books of points do not balance`,
    description: 'This is a fault of the hub; its log names the accounts.',
  }),
];

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
    uid: `device-hub-hub-${name}`,
    title,
    influxql: `SELECT ${pick} AS ${identifier(name)} FROM "hub" WHERE $timeFilter GROUP BY "hub"`,
    rangeSec: 120,
    condition,
    for: hold,
    // The rule of a hub that writes nothing speaks then.
    noData: 'OK',
    severity,
    ...words,
  };
}

/** A total that grew; one that fell belongs to a hub that has started anew. */
function rise(field: string, title: string, severity: AlertRule['severity'], words: Words): AlertRule {
  const name = identifier(field);
  return {
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
