/** A dashboard in Grafana's classic JSON model, schema version 42 (its last), as far as it is used here. */

/** The one that is provisioned; rules read it. */
export const provisionedSource = { type: 'influxdb', uid: 'device-hub-influxdb' } as const;

/** What a dashboard reads: the variable of its first menu, so that one Grafana shows the hubs of several databases. */
export const datasource = { type: 'influxdb', uid: '${datasource}' } as const;

/** The same of a dashboard of Prometheus. */
export const prometheus = { type: 'prometheus', uid: '${datasource}' } as const;

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

export type Variable =
  | { name: string; label: string; query: string }
  /** A choice of these; the first is taken until somebody chooses. */
  | { name: string; label: string; choices: readonly { text: string; value: string }[] };

/** Where a click on a value leads. */
export interface DataLink {
  title: string;
  url: string;
}

export interface BoardPlan {
  /** What its queries are for; InfluxDB when not given. */
  source?: 'prometheus';
  uid: string;
  title: string;
  description: string;
  variables: readonly Variable[];
  sections: readonly Section[];
  /** Marks on every chart. */
  annotations?: readonly {
    name: string;
    query: string;
    textColumn: string;
    tagsColumn: string;
    color: string;
  }[];
}

/** As Grafana's file has it, and what is read of it here. */
export interface Dashboard {
  readonly uid: string;
  readonly panels: readonly PlacedPanel[];
  readonly [member: string]: unknown;
}

interface PlacedPanel {
  readonly id: number;
  readonly title?: string;
  readonly targets?: readonly { readonly query: string }[];
  readonly [member: string]: unknown;
}

const columns = 24;

/** The whole dashboard: panels are numbered and placed from left to right, line by line, in the order given. */
export function dashboard(plan: BoardPlan): Dashboard {
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
    templating: {
      list: [
        plan.source === undefined ? sourceVariable : prometheusVariable,
        ...plan.variables.map((one) => variable(one, plan.source)),
      ],
    },
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

function place(sections: readonly Section[]): PlacedPanel[] {
  const placed: PlacedPanel[] = [];
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

const sourceVariable = {
  name: 'datasource',
  label: 'Database',
  type: 'datasource',
  query: provisionedSource.type,
  regex: '',
  multi: false,
  includeAll: false,
  current: { text: 'Device hub', value: provisionedSource.uid },
  options: [],
  hide: 0,
  skipUrlSync: false,
};

/** Whichever Prometheus there is: none is provisioned. */
const prometheusVariable = {
  ...sourceVariable,
  label: 'Prometheus',
  query: prometheus.type,
  current: {},
};

function variable(plan: Variable, source: BoardPlan['source']): object {
  return 'choices' in plan ? choice(plan) : fromQuery(plan, source === undefined ? datasource : prometheus);
}

function choice({ name, label, choices }: Extract<Variable, { choices: unknown }>): object {
  return {
    name,
    label,
    type: 'custom',
    query: choices.map(({ text, value }) => `${text} : ${value}`).join(', '),
    multi: false,
    includeAll: false,
    current: choices[0] ?? {},
    options: choices.map((one, index) => ({ ...one, selected: index === 0 })),
    hide: 0,
    skipUrlSync: false,
  };
}

function fromQuery({ name, label, query }: Extract<Variable, { query: string }>, source: object): object {
  return {
    name,
    label,
    type: 'query',
    datasource: source,
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
  const { name, query, textColumn, tagsColumn, color } = plan;
  return {
    name,
    datasource,
    enable: true,
    hide: false,
    iconColor: color,
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

/** A menu of all dashboards of the hub; the time range, the database and what is chosen go along. */
const linkToOthers = {
  type: 'dashboards',
  title: 'Device hub',
  tags: ['device-hub'],
  asDropdown: true,
  includeVars: true,
  keepTime: true,
  targetBlank: false,
  icon: 'external link',
  tooltip: '',
  url: '',
};
