import { fillIn, type DashboardQuery } from './grafana-queries.ts';
import { query, type InfluxSeries } from '../services/influxd.ts';

/** Grafana's file of alert rules, as far as it is used. */
export interface AlertFile {
  groups: { name: string; folder: string; interval: string; rules: AlertFileRule[] }[];
}

export interface AlertFileRule {
  uid: string;
  title: string;
  condition: string;
  for: string;
  noDataState: string;
  annotations: Record<string, string>;
  labels: Record<string, string>;
  data: {
    refId: string;
    datasourceUid: string;
    relativeTimeRange: { from: number; to: number };
    model: {
      refId: string;
      type?: string;
      query?: string;
      conditions?: { evaluator: { type: string; params: number[] } }[];
    };
  }[];
}

/** What a rule says at one moment. */
export interface Evaluation {
  /** Series of the query: each is an alert of its own. */
  series: number;
  /** Tags of those beyond the threshold; `{}` when the query has no tags. */
  firing: Record<string, string>[];
}

/**
 * Runs a rule as Grafana does: the query over its range up to `nowMs`, the last value of each series that is no
 * null, the threshold.
 * @throws when InfluxDB refuses the query, or a value is no number (Grafana's expressions take nothing else)
 */
export async function evaluate(
  rule: AlertFileRule,
  { url, database, nowMs }: { url: string; database: string; nowMs: number },
): Promise<Evaluation> {
  const [source, , threshold] = rule.data;
  const evaluator = threshold?.model.conditions?.[0]?.evaluator;
  if (source === undefined || evaluator === undefined) throw new Error(`${rule.uid} is no rule of ours`);
  const asked: DashboardQuery = {
    source: rule.uid,
    influxql: source.model.query ?? '',
    minIntervalMs: 0,
    rangeMs: undefined,
    panel: undefined,
  };
  const fromMs = nowMs - source.relativeTimeRange.from * 1000;
  const influxql = fillIn(asked, { fromMs, toMs: nowMs, intervalMs: 1_000, variables: {} });
  const series = await query(url, database, influxql);
  const values = series.map((one) => ({ tags: one.tags ?? {}, value: lastOf(one, rule.uid) }));
  const firing = values.filter(({ value }) => value !== undefined && isBeyond(value, evaluator));
  return { series: series.length, firing: firing.map(({ tags }) => tags) };
}

function lastOf({ columns, values }: InfluxSeries, uid: string): number | undefined {
  if (columns.length !== 2) throw new Error(`${uid} gives ${columns.length - 1} values a series`);
  const value = values.findLast(([, one]) => one !== null && one !== undefined)?.[1];
  if (value !== undefined && typeof value !== 'number') throw new Error(`${uid} gives ${typeof value}`);
  return value ?? undefined;
}

function isBeyond(value: number, { type, params }: { type: string; params: number[] }): boolean {
  const [first = Number.NaN, second = Number.NaN] = params;
  switch (type) {
    case 'gt':
      return value > first;
    case 'lt':
      return value < first;
    case 'outside_range':
      return value < first || value > second;
    default:
      throw new Error(`no evaluator ${type}`);
  }
}
