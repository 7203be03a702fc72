/** A dashboard in Grafana's classic JSON model, schema version 42 (its last), as far as it is used here. */

export const datasource = { type: 'influxdb', uid: 'device-hub-influxdb' } as const;

/** What a panel builder gives; place and number are the dashboard's. */
export interface PanelPlan {
  title: string;
  type: string;
  description?: string;
  /** In a grid of 24 columns. */
  width: number;
  height: number;
  [key: string]: unknown;
}

export interface Section {
  title: string;
  panels: readonly PanelPlan[];
}

export interface Variable {
  name: string;
  label: string;
  query: string;
}

export interface BoardPlan {
  uid: string;
  title: string;
  description: string;
  variables: readonly Variable[];
  sections: readonly Section[];
  /** Marks on every chart. */
  annotations?: readonly { name: string; query: string; textColumn: string; tagsColumn: string }[];
}

const columns = 24;

/** The whole dashboard: panels are numbered and placed from left to right, line by line, in the order given. */
export function dashboard(plan: BoardPlan): object {
  return {
    id: null,
    uid: plan.uid,
    title: plainText(plan.title),
    description: plan.description,
    tags: ['device-hub'],
    schemaVersion: 42,
    version: 1,
    editable: true,
    graphTooltip: 1,
    refresh: '10s',
    time: { from: 'now-1h', to: 'now' },
    timepicker: {},
    timezone: 'browser',
    weekStart: '',
    fiscalYearStartMonth: 0,
    liveNow: false,
    preload: false,
    links: [linkToOthers],
    annotations: { list: [ownAnnotations, ...(plan.annotations ?? []).map(annotation)] },
    templating: { list: plan.variables.map(variable) },
    panels: place(plan.sections),
  };
}

/**
 * A text that Grafana shows as it is: it fills variables into titles and knows no escape for `$name`, `${name}` and
 * `[[name]]`, so an invisible word joiner (U+2060) comes between their first two characters.
 */
export function plainText(text: string): string {
  return text.replaceAll(/\$(?=[\w{])|\[(?=\[)/g, '$&\u2060');
}

function place(sections: readonly Section[]): object[] {
  const placed: object[] = [];
  let top = 0;
  for (const { title, panels } of sections) {
    const gridPos = { h: 1, w: columns, x: 0, y: top };
    placed.push({ id: placed.length + 1, type: 'row', title, collapsed: false, gridPos, panels: [] });
    top += 1;
    let left = 0;
    let tallest = 0;
    for (const { width, height, ...panel } of panels) {
      if (left + width > columns) {
        top += tallest;
        left = 0;
        tallest = 0;
      }
      placed.push({ id: placed.length + 1, ...panel, gridPos: { h: height, w: width, x: left, y: top } });
      left += width;
      tallest = Math.max(tallest, height);
    }
    top += tallest;
  }
  return placed;
}

function variable({ name, label, query }: Variable): object {
  return {
    name,
    label,
    type: 'query',
    datasource,
    query,
    definition: query,
    // Asked again when the time range changes.
    refresh: 2,
    sort: 1,
    regex: '',
    multi: true,
    includeAll: true,
    allValue: '.*',
    current: { text: ['All'], value: ['$__all'] },
    options: [],
    hide: 0,
    skipUrlSync: false,
  };
}

const ownAnnotations = {
  builtIn: 1,
  datasource: { type: 'grafana', uid: '-- Grafana --' },
  enable: true,
  hide: true,
  iconColor: 'rgba(0, 211, 255, 1)',
  name: 'Annotations & Alerts',
  type: 'dashboard',
};

function annotation(plan: NonNullable<BoardPlan['annotations']>[number]): object {
  const { name, query, textColumn, tagsColumn } = plan;
  return {
    name,
    datasource,
    enable: true,
    hide: false,
    iconColor: 'red',
    target: {
      refId: 'Anno',
      query,
      rawQuery: true,
      textEditor: true,
      fromAnnotations: true,
      resultFormat: 'table',
      textColumn,
      tagsColumn,
    },
  };
}

/** A menu of all dashboards of the hub; the time range goes along. */
const linkToOthers = {
  type: 'dashboards',
  title: 'Device hub',
  tags: ['device-hub'],
  asDropdown: true,
  includeVars: false,
  keepTime: true,
  targetBlank: false,
  icon: 'external link',
  tooltip: '',
  url: '',
};
