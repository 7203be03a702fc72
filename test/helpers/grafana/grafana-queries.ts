/**
 * Grafana's part between a dashboard file and InfluxDB: which queries there are, and what Grafana makes of their
 * variables and macros before it sends them. Rules from the documentation (Dashboards › Variables › "Variable
 * syntax" and "Advanced variable format options") and from Grafana's InfluxQL data source.
 */

interface Target {
  refId: string;
  query?: string;
  datasource?: DataSource;
}

interface DataSource {
  type: string;
  uid: string;
}

interface Panel {
  id: number;
  type: string;
  title?: string;
  datasource?: DataSource;
  gridPos: { h: number; w: number; x: number; y: number };
  /** Least interval, `5m`. */
  interval?: string;
  /** Relative range of its own, `15m`. */
  timeFrom?: string;
  targets?: Target[];
  /** Of a row: the panels it hides while it is collapsed. */
  panels?: Panel[];
  fieldConfig?: {
    defaults: {
      unit?: string;
      min?: number;
      max?: number;
      thresholds?: { steps: { value: number | null }[] };
    };
  };
}

interface Variable {
  name: string;
  type: string;
  datasource?: DataSource;
  query: string | { query: string };
  current?: { value?: string };
  multi?: boolean;
  allValue?: string;
}

export interface Dashboard {
  uid: string;
  schemaVersion: number;
  editable: boolean;
  refresh: string;
  panels: Panel[];
  templating: { list: Variable[] };
  annotations: {
    list: { name: string; builtIn?: number; datasource?: DataSource; target?: { query?: string } }[];
  };
}

/** What stands for a variable: one chosen value, several, or All. */
export type VariableValue = string | readonly string[] | { all: string };

export interface QueryContext {
  /** The dashboard's range, Unix ms. */
  fromMs: number;
  toMs: number;
  /** What Grafana makes of range and width, ms; a panel's own least interval wins. */
  intervalMs: number;
  variables: Readonly<Record<string, VariableValue>>;
}

export interface DashboardQuery {
  /** Where it stands: `panel 8 Devices online A`, `variable site`, `annotation Events of the device`. */
  source: string;
  influxql: string;
  minIntervalMs: number;
  /** The panel's own range; the dashboard's when undefined. */
  rangeMs: number | undefined;
  /** The panel it is of. */
  panel: Panel | undefined;
}

/** Every panel but the rows, those inside collapsed rows too. */
export function panelsOf({ panels }: Pick<Dashboard, 'panels'>): Panel[] {
  return panels.flatMap((panel) =>
    panel.type === 'row' ? panelsOf({ panels: panel.panels ?? [] }) : [panel],
  );
}

/** Every query of the dashboard: variables first and in their order, since the others use them. */
export function queriesOf(dashboard: Dashboard): DashboardQuery[] {
  const variables = dashboard.templating.list
    .filter(({ type }) => type === 'query')
    .map(({ name, query }) =>
      queryOf(`variable ${name}`, typeof query === 'string' ? query : query.query, undefined),
    );
  const panels = panelsOf(dashboard).flatMap((panel) =>
    (panel.targets ?? []).map(({ refId, query = '' }) =>
      queryOf(`panel ${panel.id} ${panel.title ?? ''} ${refId}`, query, panel),
    ),
  );
  const annotations = dashboard.annotations.list
    .filter(({ builtIn }) => builtIn !== 1)
    .map(({ name, target }) => queryOf(`annotation ${name}`, target?.query ?? '', undefined));
  return [...variables, ...panels, ...annotations];
}

function queryOf(source: string, influxql: string, panel: Panel | undefined): DashboardQuery {
  return {
    source,
    influxql,
    minIntervalMs: panel?.interval === undefined ? 0 : parseDuration(panel.interval),
    rangeMs: panel?.timeFrom === undefined ? undefined : parseDuration(panel.timeFrom),
    panel,
  };
}

/**
 * The InfluxQL that Grafana would send.
 * @throws for a variable that the context does not have (Grafana would send its name as it stands), and for a
 *   format that is not known here
 */
export function fillIn(query: DashboardQuery, context: QueryContext): string {
  const { toMs } = context;
  const fromMs = query.rangeMs === undefined ? context.fromMs : toMs - query.rangeMs;
  const intervalMs = Math.max(context.intervalMs, query.minIntervalMs);
  const interval = formatInterval(intervalMs);
  return (
    fillVariables(query.influxql, { ...context, fromMs })
      // The order of the data source's own replacements.
      .replaceAll('$timeFilter', `time >= ${fromMs}ms and time <= ${toMs}ms`)
      .replaceAll('$interval', interval)
      .replaceAll('$__interval_ms', String(intervalMs))
      .replaceAll('$__interval', interval)
  );
}

/** `$name`, `[[name]]`, `[[name:format]]`, `${name}`, `${name:format}`. */
const reference = /\$(\w+)|\[\[(\w+?)(?::(\w+))?\]\]|\$\{(\w+)(?::([^}]+))?\}/g;
/** Left to the data source. */
const macros = new Set(['timeFilter', 'interval', '__interval', '__interval_ms']);

function fillVariables(text: string, { fromMs, toMs, variables }: QueryContext): string {
  const known: Record<string, VariableValue> = {
    ...variables,
    __from: { all: String(fromMs) },
    __to: { all: String(toMs) },
  };
  return text.replace(
    reference,
    (
      match,
      plain: string | undefined,
      square: string | undefined,
      squareFormat: string | undefined,
      curly: string | undefined,
      curlyFormat: string | undefined,
    ) => {
      const name = plain ?? square ?? curly ?? '';
      if (macros.has(name)) return match;
      const value = known[name];
      if (value === undefined) throw new Error(`no variable ${match} in ${text}`);
      return format(value, curlyFormat ?? squareFormat ?? defaultFormat(value, match, text));
    },
  );
}

/** Without a format: several values, and a single one between the slashes of a regex, are made one. */
function defaultFormat(value: VariableValue, match: string, text: string): string {
  if (typeof value !== 'string') return 'regex';
  const regexes = text.match(/~\s*\/(?:\\.|[^/\\])*\//g) ?? [];
  return regexes.some((regex) => regex.includes(match)) ? 'regex' : 'raw';
}

function format(value: VariableValue, name: string): string {
  // A custom All value goes in as it stands.
  if (typeof value === 'object' && 'all' in value) return value.all;
  const values = typeof value === 'string' ? [value] : value;
  switch (name) {
    case 'raw':
    case 'csv':
      return values.join(',');
    case 'regex': {
      const escaped = values.map((one) => one.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
      return escaped.length === 1 ? String(escaped[0]) : `(${escaped.join('|')})`;
    }
    default:
      throw new Error(`no format ${name}`);
  }
}

/** ms, from the smallest on. */
const units = new Map([
  ['ms', 1],
  ['s', 1_000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
]);

/** `10s`, `5m` → ms. @throws for anything else */
export function parseDuration(text: string): number {
  const [, count, unit = ''] = /^(\d+)(ms|s|m|h|d)$/.exec(text) ?? [];
  const size = units.get(unit);
  if (size === undefined) throw new Error(`no duration: ${text}`);
  return Number(count) * size;
}

/** ms → `10s`: whole units of the biggest that fits, the rest cut off. */
function formatInterval(ms: number): string {
  const [unit, size] = [...units].findLast(([, length]) => ms >= length) ?? ['ms', 1];
  return `${Math.floor(ms / size)}${unit}`;
}
