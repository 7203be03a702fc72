import type { FieldSpec } from '../../../schemas/index.ts';
import { plainText, type BoardPlan, type PanelPlan } from './board.ts';
import { titleOf, type StreamFields, type TypeFamily } from './fields.ts';
import { chosen, identifier } from './influxql.ts';
import { stateTimeline, timeseries, type Mapping, type Threshold } from './panels.ts';
import { deviceVariable, latestEvents, ofType, presenceByDevice, siteVariable } from './shared-panels.ts';
import { grafanaUnit } from './units.ts';

/** Readings further apart than this are not joined, ms. */
const readingBreakMs = 300_000;
/** More lines than this help nobody. */
const mostSeries = 50;
/** For texts with a known set of values; after the last, from the start. */
const stateColors = ['green', 'blue', 'orange', 'purple', 'yellow', 'red'];

const picked = chosen('site', 'device');

function typeBoardUid(type: string): string {
  // Grafana accepts at most 40 characters, and a type's name has up to 64: a checksum distinguishes names that are cut.
  const uid = `device-hub-type-${type}`;
  return uid.length <= 40 ? uid : `${uid.slice(0, 31)}-${checksum(type)}`;
}

/** 32 bits of FNV-1a, hexadecimal: stable from run to run. */
export function checksum(text: string): string {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash.toString(16).padStart(8, '0');
}

/** One device type: a panel for each field of each stream, the presence of its devices, its events. */
export function typeBoard(family: TypeFamily): BoardPlan {
  const { name, title, streams, hasEvents } = family;
  const mine = `${ofType(name)}${picked}`;
  return {
    uid: typeBoardUid(name),
    title,
    description: `Readings of devices of type ${name}, a panel for each field, with its unit and limits.`,
    variables: [siteVariable(name), deviceVariable(name)],
    ...(hasEvents ? { annotations: [eventMarks(mine)] } : {}),
    sections: [
      ...streams.map((stream) => ({
        title: `Stream ${stream.name}`,
        panels: stream.fields.map((field) => fieldPanel(stream, field)),
      })),
      { title: 'Devices', panels: [presenceByDevice(mine), ...(hasEvents ? [latestEvents(mine)] : [])] },
    ],
  };
}

function fieldPanel(stream: StreamFields, field: FieldSpec): PanelPlan {
  const title = plainText(titleOf(field));
  const place = { title, width: 12, height: 7, interval: '1s' };
  if (field.kind === 'float' || field.kind === 'integer') {
    const unit = grafanaUnit(field.unit);
    const { minimum: min, maximum: max } = field;
    // A share is best seen on its whole scale; anything else would drown in what a sensor can show at most.
    const scale = unit === 'percent' && min !== undefined && max !== undefined ? { min, max } : {};
    const thresholds = thresholdsOf(field);
    return timeseries({
      ...place,
      description:
        `Mean of each interval. The line has a gap where there was no data for five minutes. ${limitsInWords(field)}`.trim(),
      unit,
      ...scale,
      ...(thresholds.length === 1 ? {} : { thresholds }),
      breakAfterMs: readingBreakMs,
      queries: [fieldQuery(stream, field, 'mean')],
    });
  }
  return stateTimeline({
    ...place,
    description: 'The last value of each interval.',
    mappings: mappingsOf(field),
    breakAfterMs: readingBreakMs,
    queries: [fieldQuery(stream, field, 'last')],
  });
}

function fieldQuery(stream: StreamFields, { name }: FieldSpec, pick: 'mean' | 'last') {
  const field = identifier(name);
  const groups = ['device', ...stream.tags].map((tag) => `, ${identifier(tag)}`).join('');
  return {
    alias: ['device', ...stream.tags].map((tag) => `$tag_${tag}`).join(' '),
    influxql: `SELECT ${pick}(${field}) AS ${field} FROM ${identifier(stream.measurement)} WHERE $timeFilter${picked} GROUP BY time($__interval)${groups} fill(none) SLIMIT ${mostSeries}`,
  };
}

/**
 * Red from where a reading is refused, orange from where it raises an alarm. Grafana colours upwards from each step,
 * so what is well between two limits is a step of its own.
 */
function thresholdsOf({ minimum, maximum, low, high }: FieldSpec): Threshold[] {
  const steps: Threshold[] = [{ color: 'transparent', value: null }];
  if (minimum !== undefined) steps.push({ color: 'red', value: minimum });
  if (low !== undefined) steps.push({ color: 'orange', value: low });
  if (high !== undefined) steps.push({ color: 'orange', value: high });
  if (maximum !== undefined) steps.push({ color: 'red', value: maximum });
  return steps;
}

function limitsInWords({ minimum, maximum, low, high }: FieldSpec): string {
  const refused = [
    minimum === undefined ? undefined : `below ${minimum}`,
    maximum === undefined ? undefined : `above ${maximum}`,
  ].filter((text) => text !== undefined);
  const alarms = [
    low === undefined ? undefined : `below ${low}`,
    high === undefined ? undefined : `above ${high}`,
  ].filter((text) => text !== undefined);
  const parts = [
    alarms.length === 0 ? '' : `Values ${alarms.join(' or ')} are beyond the alarm limits (orange).`,
    refused.length === 0 ? '' : `Readings ${refused.join(' or ')} (red) are refused by the schema.`,
  ];
  return parts.filter((text) => text !== '').join(' ');
}

function mappingsOf({ kind, values = [] }: FieldSpec): Mapping[] {
  if (kind === 'boolean') {
    return [
      { value: 'true', text: 'Yes', color: 'green' },
      { value: 'false', text: 'No', color: 'text' },
    ];
  }
  return values.map((value, index) => ({
    value,
    text: value,
    color: stateColors[index % stateColors.length] ?? 'text',
  }));
}

function eventMarks(conditions: string) {
  return {
    name: 'Events',
    query: `SELECT "data", "name", "severity" FROM "event" WHERE $timeFilter${conditions} ORDER BY time DESC LIMIT 100`,
    textColumn: 'data',
    tagsColumn: 'name,severity',
  };
}
