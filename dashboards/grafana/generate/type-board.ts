import type { FieldSpec } from '../../../schemas/index.ts';
import { plainText, type BoardPlan, type PanelPlan, type Variable } from './board.ts';
import { deviceColumnOfType, seriesInConsole, type DeviceLinks } from './device-links.ts';
import { titleOf, type StreamFields, type TypeFamily } from './fields.ts';
import { chosen, identifier } from './influxql.ts';
import { eventMarks, marks } from './marks.ts';
import { stateTimeline, table, timeseries, type Mapping, type Query, type Threshold } from './panels.ts';
import { deviceVariable, latestEvents, ofType, presenceByDevice, siteVariable } from './shared-panels.ts';
import { typeBoardUid } from './type-board-uid.ts';
import { grafanaUnit } from './units.ts';

/** Readings further apart than this are not joined, ms. */
const readingBreakMs = 300_000;
/** More lines than this help nobody. */
const mostSeries = 50;
/** For texts with a known set of values; after the last, from the start. */
const stateColors = ['green', 'blue', 'orange', 'purple', 'yellow', 'red'];

const picked = chosen('site', 'device');

/** One device type: a panel for each field of each stream, the presence of its devices, its events. */
export function typeBoard(family: TypeFamily, links: DeviceLinks): BoardPlan {
  const { name, title, streams, hasEvents } = family;
  const mine = `${ofType(name)}${picked}`;
  return {
    uid: typeBoardUid(name),
    title,
    description: `Readings of devices of type ${name}, a panel for each field, with its unit and limits.`,
    variables: [siteVariable(name), deviceVariable(name), resolution],
    annotations: [...(hasEvents ? [eventMarks(mine)] : []), marks.hubStarts, marks.incidents],
    sections: [
      { title: 'Now', panels: streams.map((stream) => newest(stream, links)) },
      ...streams.map((stream) => ({
        title: `Stream ${stream.name}`,
        panels: stream.fields.map((field) => fieldPanel(stream, field, links)),
      })),
      {
        title: 'Devices',
        panels: [presenceByDevice(mine, links), ...(hasEvents ? [latestEvents(mine, links)] : [])],
      },
    ],
  };
}

/**
 * Long ranges are read from the minutes that the hub keeps with `HUB_ROLL_UPS`. The values are how often `_1m` stands
 * behind the measurement's name in a regular expression, because Grafana takes no empty value.
 */
const resolution: Variable = {
  name: 'resolution',
  label: 'Resolution',
  choices: [
    { text: 'Readings', value: '{0}' },
    { text: 'Minutes', value: '{1}' },
  ],
};

/** A row for each device with the last value of each field: sorted by a column, it shows the worst first. */
function newest(stream: StreamFields, links: DeviceLinks): PanelPlan {
  const values = stream.fields.map(({ name }) => `last(${identifier(name)}) AS ${identifier(name)}`);
  return table({
    title: plainText(`Last values of ${stream.name}`),
    description: 'The last value of each field in the time range. A click on a column sorts by it.',
    width: 24,
    height: 7,
    columns: [
      { name: 'Time', hidden: true },
      deviceColumnOfType(links),
      ...stream.fields.map((field) => {
        const thresholds = thresholdsOf(field);
        return {
          name: field.name,
          title: titleOf(field),
          unit: grafanaUnit(field.unit),
          ...(thresholds.length === 1 ? {} : { thresholds }),
        };
      }),
    ],
    queries: [
      {
        influxql: `SELECT ${values.join(', ')} FROM ${identifier(stream.measurement)} WHERE $timeFilter${picked} GROUP BY "device", "site"`,
      },
    ],
  });
}

function fieldPanel(stream: StreamFields, field: FieldSpec, links: DeviceLinks): PanelPlan {
  const title = plainText(titleOf(field));
  const place = { title, width: 12, height: 7, interval: '1s', links: [seriesInConsole(links)] };
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
      queries: [meanQuery(stream, field)],
    });
  }
  return stateTimeline({
    ...place,
    description: 'The last value of each interval.',
    mappings: mappingsOf(field),
    breakAfterMs: readingBreakMs,
    queries: [lastQuery(stream, field)],
  });
}

/** Of the readings, or of the means of their minutes: the two have fields of different names. */
function meanQuery(stream: StreamFields, { name }: FieldSpec): Query {
  const from = `/^${stream.measurement}(_1m)\${resolution:raw}$/`;
  return byDevice(stream, `SELECT mean(/^(mean_)?${name}$/) FROM ${from}`);
}

/** Minutes have no texts. */
function lastQuery(stream: StreamFields, { name }: FieldSpec): Query {
  const field = identifier(name);
  return byDevice(stream, `SELECT last(${field}) AS ${field} FROM ${identifier(stream.measurement)}`);
}

function byDevice(stream: StreamFields, select: string): Query {
  const tags = ['device', ...stream.tags];
  const groups = tags.map((tag) => `, ${identifier(tag)}`).join('');
  return {
    alias: tags.map((tag) => `$tag_${tag}`).join(' '),
    influxql: `${select} WHERE $timeFilter${picked} GROUP BY time($__interval)${groups} fill(none) SLIMIT ${mostSeries}`,
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
