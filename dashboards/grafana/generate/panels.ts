import { datasource, plainText, prometheus, type DataLink, type PanelPlan } from './board.ts';

/** One query of a panel. `alias` names its series: `$tag_device`, `$m`, or a text. */
export type Query =
  | { influxql: string; alias?: string }
  /** Of Prometheus; `{{label}}` in the alias stands for the label. */
  | { promql: string; alias: string };

interface Common {
  title: string;
  description?: string;
  width: number;
  height: number;
  /** Least interval, `5m`. */
  interval?: string;
  /** A range of its own, `15m`. */
  timeFrom?: string;
  queries: readonly Query[];
  /** Of each series. */
  links?: readonly DataLink[];
}

export interface Mapping {
  value: string;
  text: string;
  color: string;
}

export interface Threshold {
  color: string;
  /** From here on; null for everything below the first. */
  value: number | null;
}

const tooltip = { mode: 'multi', sort: 'none' };
const noThresholds: readonly Threshold[] = [{ color: 'text', value: null }];

/** How many there were in each interval, as bars. */
export function countBars(
  plan: Common & { stacked?: boolean; colors?: Readonly<Record<string, string>> },
): PanelPlan {
  return timeseries({ unit: 'none', decimals: 0, min: 0, draw: 'bars', ...plan });
}

/** Lines over time. */
export function timeseries(
  plan: Common & {
    unit: string;
    min?: number;
    max?: number;
    decimals?: number;
    /** Shown as dashed lines. */
    thresholds?: readonly Threshold[];
    draw?: 'line' | 'steps' | 'bars';
    stacked?: boolean;
    /** A longer gap breaks the line, ms. */
    breakAfterMs?: number;
    colors?: Readonly<Record<string, string>>;
  },
): PanelPlan {
  const { unit, min, max, decimals, thresholds, draw = 'line', stacked = false, colors = {} } = plan;
  return panel('timeseries', plan, 'time_series', {
    fieldConfig: {
      defaults: {
        unit,
        ...linksOf(plan),
        ...(decimals === undefined ? {} : { decimals }),
        ...(min === undefined ? {} : { min }),
        ...(max === undefined ? {} : { max }),
        color: { mode: 'palette-classic' },
        mappings: [],
        thresholds: { mode: 'absolute', steps: thresholds ?? noThresholds },
        custom: {
          drawStyle: draw === 'bars' ? 'bars' : 'line',
          lineInterpolation: draw === 'steps' ? 'stepAfter' : 'linear',
          lineWidth: 1,
          fillOpacity: draw === 'bars' ? 70 : 10,
          showPoints: draw === 'bars' ? 'never' : 'auto',
          pointSize: 4,
          spanNulls: false,
          axisPlacement: 'auto',
          scaleDistribution: { type: 'linear' },
          stacking: { mode: stacked ? 'normal' : 'none', group: 'A' },
          thresholdsStyle: { mode: thresholds === undefined ? 'off' : 'dashed' },
          ...(plan.breakAfterMs === undefined ? {} : { insertNulls: plan.breakAfterMs }),
        },
      },
      overrides: Object.entries(colors).map(([name, color]) => override(name, 'color', fixed(color))),
    },
    options: {
      legend: { showLegend: true, displayMode: 'list', placement: 'bottom', calcs: [] },
      tooltip,
    },
  });
}

/** Figures, one a query or series. `color` of all, or of each by its name. */
export function stat(
  plan: Common & {
    unit: string;
    decimals?: number;
    color?: string;
    thresholds?: readonly Threshold[];
    colors?: Readonly<Record<string, string>>;
  },
): PanelPlan {
  const { unit, decimals, color, thresholds, colors = {} } = plan;
  return panel('stat', plan, 'time_series', {
    fieldConfig: {
      defaults: {
        unit,
        ...(decimals === undefined ? {} : { decimals }),
        noValue: '0',
        color: color === undefined ? { mode: 'thresholds' } : fixed(color),
        mappings: [],
        thresholds: { mode: 'absolute', steps: thresholds ?? noThresholds },
      },
      overrides: Object.entries(colors).map(([name, one]) => override(name, 'color', fixed(one))),
    },
    options: {
      reduceOptions: { values: false, calcs: ['lastNotNull'], fields: '' },
      orientation: 'auto',
      textMode: 'auto',
      wideLayout: true,
      colorMode: 'value',
      graphMode: 'none',
      justifyMode: 'auto',
      showPercentChange: false,
    },
  });
}

/** What was when, one line a series. */
export function stateTimeline(
  plan: Common & { mappings: readonly Mapping[]; breakAfterMs: number },
): PanelPlan {
  return panel('state-timeline', plan, 'time_series', {
    fieldConfig: {
      defaults: {
        color: { mode: 'palette-classic' },
        thresholds: { mode: 'absolute', steps: noThresholds },
        mappings: valueMappings(plan.mappings),
        ...linksOf(plan),
        custom: { fillOpacity: 70, lineWidth: 0, spanNulls: false, insertNulls: plan.breakAfterMs },
      },
      overrides: [],
    },
    options: {
      legend: { showLegend: true, displayMode: 'list', placement: 'bottom' },
      tooltip: { mode: 'single', sort: 'none' },
      alignValue: 'left',
      mergeValues: true,
      rowHeight: 0.9,
      showValue: 'auto',
    },
  });
}

/** Rows. `colored`: columns whose values have a colour each. */
export function table(
  plan: Common & {
    colored?: Readonly<Record<string, readonly Mapping[]>>;
    columns?: readonly Column[];
  },
): PanelPlan {
  return panel('table', plan, 'table', {
    fieldConfig: {
      defaults: {
        color: fixed('text'),
        thresholds: { mode: 'absolute', steps: noThresholds },
        mappings: [],
        custom: { align: 'auto', cellOptions: { type: 'auto' }, inspect: true, filterable: true },
      },
      overrides: [
        ...Object.entries(plan.colored ?? {}).map(([name, mappings]) => ({
          matcher: { id: 'byName', options: name },
          properties: [
            { id: 'mappings', value: valueMappings(mappings) },
            { id: 'custom.cellOptions', value: { type: 'color-text' } },
          ],
        })),
        ...(plan.columns ?? []).map(({ name, ...column }) => ({
          matcher: { id: 'byName', options: name },
          properties: propertiesOf(column),
        })),
      ],
    },
    options: {
      showHeader: true,
      cellHeight: 'sm',
      footer: { show: false, reducer: ['sum'], countRows: false, fields: '' },
    },
  });
}

/** How a column is shown. */
export interface Column {
  name: string;
  title?: string;
  unit?: string;
  hidden?: true;
  thresholds?: readonly Threshold[];
  links?: readonly DataLink[];
}

function propertiesOf({ title, unit, hidden, thresholds, links }: Omit<Column, 'name'>): object[] {
  return [
    ...(title === undefined ? [] : [{ id: 'displayName', value: plainText(title) }]),
    ...(unit === undefined ? [] : [{ id: 'unit', value: unit }]),
    ...(hidden === undefined ? [] : [{ id: 'custom.hidden', value: true }]),
    ...(links === undefined ? [] : [{ id: 'links', value: links }]),
    ...(thresholds === undefined
      ? []
      : [
          { id: 'thresholds', value: { mode: 'absolute', steps: thresholds } },
          { id: 'color', value: { mode: 'thresholds' } },
          { id: 'custom.cellOptions', value: { type: 'color-text' } },
        ]),
  ];
}

function linksOf({ links = [] }: Common): object {
  return links.length === 0 ? {} : { links };
}

function panel(type: string, plan: Common, resultFormat: 'time_series' | 'table', rest: object): PanelPlan {
  const { title, description, width, height, interval, timeFrom, queries } = plan;
  return {
    type,
    title,
    ...(description === undefined ? {} : { description }),
    datasource: queries.some((query) => 'promql' in query) ? prometheus : datasource,
    width,
    height,
    pluginVersion: '11.0.0',
    ...(interval === undefined ? {} : { interval }),
    ...(timeFrom === undefined ? {} : { timeFrom }),
    targets: queries.map((query, index) => target(query, refIdOf(index), resultFormat)),
    ...rest,
  };
}

function target(query: Query, refId: string, resultFormat: string): object {
  if ('promql' in query) {
    const { promql: expr, alias: legendFormat } = query;
    return { refId, datasource: prometheus, expr, legendFormat, range: true };
  }
  const { influxql, alias } = query;
  const named = alias === undefined ? {} : { alias };
  return { refId, datasource, rawQuery: true, resultFormat, ...named, query: influxql };
}

/** A, B, … Z, AA, AB, … as Grafana numbers queries. */
function refIdOf(index: number): string {
  const last = String.fromCharCode(65 + (index % 26));
  return index < 26 ? last : refIdOf(Math.floor(index / 26) - 1) + last;
}

function valueMappings(mappings: readonly Mapping[]): object[] {
  if (mappings.length === 0) return [];
  const options = mappings.map(({ value, text, color }, index) => [
    value,
    { text: plainText(text), color, index },
  ]);
  return [{ type: 'value', options: Object.fromEntries(options) as object }];
}

function override(name: string, id: string, value: unknown): object {
  return { matcher: { id: 'byName', options: name }, properties: [{ id, value }] };
}

function fixed(fixedColor: string): object {
  return { mode: 'fixed', fixedColor };
}
