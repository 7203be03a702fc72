import type { FieldSpec } from '../../../schemas/index.ts';
import type { AlertRule } from './alert-rule.ts';
import { titleOf, type StreamFields, type TypeFamily } from './fields.ts';
import { identifier, oneOf } from './influxql.ts';
import { plainText } from './board.ts';
import { commandsUid } from './commands-board.ts';
import { fleetUid } from './fleet-board.ts';
import { checksum, typeBoardUid } from './type-board-uid.ts';

/** Rules about devices: gone, silent, beyond a limit, or failing at commands. */
export function deviceAlerts(families: readonly TypeFamily[]): AlertRule[] {
  const limits = families.flatMap((family) =>
    family.streams.flatMap((stream) =>
      stream.fields.flatMap((field) => limitAlert(family, stream, field) ?? []),
    ),
  );
  return [offline, openIncident, silent, ...limits, openAlarm, outOfSync, failures, lostCommands];
}

const byDevice = 'GROUP BY "device", "site", "type"';
const device = '{{ .Labels.device }} ({{ .Labels.type }}, site {{ .Labels.site }})';

/** Only offline devices have a series, so no data means that all is well. */
const offline: AlertRule = {
  panel: { board: fleetUid, title: 'Presence by device' },
  uid: 'device-hub-offline',
  title: 'Device offline',
  influxql: `SELECT count("state") AS "offline" FROM (SELECT last("state") AS "state", last("explained") AS "explained" FROM "presence" WHERE $timeFilter ${byDevice}) WHERE $timeFilter AND "explained" = false${oneOf('state', ['offline', 'overdue'])} ${byDevice}`,
  // Three snapshots of five minutes: one that is late does not hide a device.
  rangeSec: 900,
  condition: { above: 0 },
  for: '2m',
  noData: 'OK',
  severity: 'warning',
  summary: `${device} is offline`,
  description:
    'Nothing was received from it within its heartbeat and grace time, or it slept longer than announced. `hub device why` explains the cause.',
};

/** One for what many devices have in common: each of them has no alert of its own as long as it is open. */
const openIncident: AlertRule = {
  panel: { board: fleetUid, title: 'Incidents' },
  uid: 'device-hub-incident',
  title: 'Incident open',
  influxql: 'SELECT last("open") AS "open" FROM "incident" WHERE $timeFilter GROUP BY "kind", "subject"',
  rangeSec: 7 * 86_400,
  condition: { above: 0 },
  for: '0s',
  noData: 'OK',
  severity: 'critical',
  summary: '{{ .Labels.kind }}: {{ .Labels.subject }}',
  description:
    'One problem, however many devices it concerns. `hub incident list` and the first page of the console name them.',
};

const byAlarm = 'GROUP BY "device", "site", "source", "type"';

const openAlarm: AlertRule = {
  panel: { board: fleetUid, title: 'Active alarms' },
  uid: 'device-hub-alarm',
  title: 'Critical alarm not acknowledged',
  influxql: `SELECT count("state") AS "alarms" FROM (SELECT last("state") AS "state" FROM "alarm" WHERE $timeFilter AND "severity" = 'critical' ${byAlarm}) WHERE $timeFilter${oneOf('state', ['raised'])} ${byAlarm}`,
  rangeSec: 7 * 86_400,
  condition: { above: 0 },
  for: '15m',
  noData: 'OK',
  severity: 'critical',
  summary: `{{ .Labels.source }} of ${device}: nobody has acknowledged it for a quarter of an hour`,
  description:
    'The alarm lasts. `hub alarm list` shows it, `hub alarm ack` says that somebody deals with it.',
};

/** A point is written at each change, so the newest one of the last week says where a twin stands. */
const outOfSync: AlertRule = {
  panel: { board: fleetUid, title: 'Devices by where their settings stand' },
  uid: 'device-hub-out-of-sync',
  title: 'Settings out of sync',
  influxql: `SELECT count("state") AS "outOfSync" FROM (SELECT last("state") AS "state" FROM "twin" WHERE $timeFilter ${byDevice}) WHERE $timeFilter${oneOf('state', ['pending', 'waiting', 'refused'])} ${byDevice}`,
  rangeSec: 7 * 86_400,
  condition: { above: 0 },
  for: '60m',
  noData: 'OK',
  severity: 'warning',
  summary: `${device} has not held its settings for an hour`,
  description:
    'It is not connected, did not answer, or reports another value than is desired. `hub twin DEVICE` shows both and what the device says about it.',
};

/**
 * The points of a device, as the snapshots of its presence count them: a count that does not rise means silence. Half an
 * hour has six snapshots, so a device that is offline or has just connected is left out.
 */
const silent: AlertRule = {
  panel: { board: fleetUid, title: 'Points per minute, by type and stream' },
  uid: 'device-hub-silent',
  title: 'No data from an online device',
  influxql: `SELECT "accepted" FROM (SELECT spread("points") AS "accepted", count("points") AS "seen" FROM "presence" WHERE $timeFilter AND "online" = true ${byDevice}) WHERE "seen" >= 6 AND $timeFilter ${byDevice}`,
  rangeSec: 1_800,
  condition: { below: 1 },
  for: '2m',
  noData: 'OK',
  severity: 'warning',
  summary: `${device} is online but sends no readings`,
  description:
    'It has been connected for at least half an hour, and the hub has accepted no reading from it in that time.',
};

function limitAlert(family: TypeFamily, stream: StreamFields, field: FieldSpec): AlertRule | undefined {
  const { low, high } = field;
  const condition = conditionOf(low, high);
  if (condition === undefined || (field.kind !== 'float' && field.kind !== 'integer')) return undefined;
  const name = identifier(field.name);
  // Names are letters, digits, `-` and `_`: nothing in them is a template.
  const what = `${family.name} ${stream.name} ${field.name}`;
  const unit = field.unit === undefined ? '' : ` (${field.unit.replaceAll(/[{}]/g, '')})`;
  const limits = [
    low === undefined ? [] : [`below ${low}`],
    high === undefined ? [] : [`above ${high}`],
  ].flat();
  return {
    panel: {
      board: typeBoardUid(family.name),
      title: plainText(titleOf(field)),
      query: `/^${stream.measurement}(_1m)`,
    },
    uid: `device-hub-limit-${checksum(what)}`,
    title: `${shortened(what)} beyond its limit`,
    influxql: `SELECT mean(${name}) AS ${name} FROM ${identifier(stream.measurement)} WHERE $timeFilter ${byDevice}`,
    rangeSec: 300,
    condition,
    for: '2m',
    noData: 'OK',
    severity: 'warning',
    summary: `${field.name} of ${device} is {{ .Values.B }}`,
    description: `The mean of five minutes is ${limits.join(' or ')}${withoutDollar(unit)}, the alarm limits of ${what}.`,
  };
}

/** Titles are unique in their folder and have at most 190 characters in Grafana. */
function shortened(text: string): string {
  return text.length <= 150 ? text : `${text.slice(0, 140)} ${checksum(text)}`;
}

/** Annotations are expanded from Grafana's environment in one version and not in another. */
function withoutDollar(text: string): string {
  return text.replaceAll('$', '');
}

function conditionOf(low: number | undefined, high: number | undefined): AlertRule['condition'] | undefined {
  if (low !== undefined && high !== undefined) return { outside: [low, high] };
  if (low !== undefined) return { below: low };
  return high === undefined ? undefined : { above: high };
}

/** A rule about commands that have come to one of these statuses in the last fifteen minutes. */
function commandAlert(
  statuses: readonly string[],
  rule: Pick<AlertRule, 'uid' | 'title' | 'severity' | 'summary' | 'description'>,
): AlertRule {
  return {
    ...rule,
    influxql: `SELECT count("totalMs") AS "commands" FROM "command" WHERE $timeFilter${oneOf('status', statuses)} GROUP BY "name", "site", "type"`,
    panel: { board: commandsUid, title: 'Outcomes over time' },
    rangeSec: 900,
    condition: { above: 0 },
    for: '0s',
    noData: 'OK',
  };
}

const command = '{{ .Labels.name }} of {{ .Labels.type }} at site {{ .Labels.site }}';

const failures = commandAlert(['failed', 'expired'], {
  uid: 'device-hub-command-failures',
  title: 'Commands failed',
  severity: 'warning',
  summary: `${command} did not succeed ({{ .Values.B }} times)`,
  description: 'In the last fifteen minutes, commands failed on the device or reached it too late.',
});

const lostCommands = commandAlert(['uncertain', 'lost'], {
  uid: 'device-hub-command-uncertain',
  title: 'Command outcome unknown',
  severity: 'critical',
  summary: `The outcome of ${command} is unknown ({{ .Values.B }} times)`,
  description:
    'The command was sent, and then the connection was lost or the deadline passed without an answer. Check the device itself.',
});
