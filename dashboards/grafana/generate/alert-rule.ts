import { provisionedSource } from './board.ts';
import type { YamlValue } from './yaml.ts';

/**
 * One alert rule of Grafana's file format: a query (A), its last value (B) and a threshold (C). Each series of the
 * query is an alert of its own, labelled with its tags.
 * <https://grafana.com/docs/grafana/latest/alerting/set-up/provision-alerting-resources/file-provisioning/>
 */
export interface AlertRule {
  /** At most 40 letters, digits, `-` and `_`. It never changes, because Grafana identifies the rule by it. */
  uid: string;
  title: string;
  /** InfluxQL with `$timeFilter`; a dashboard's variables do not exist here. */
  influxql: string;
  /** The query looks back so far, s. */
  rangeSec: number;
  condition: { above: number } | { below: number } | { outside: readonly [number, number] };
  /** How long the condition must be true before the rule fires. */
  for: string;
  /** What no series at all means. */
  noData: 'OK' | 'Alerting';
  severity: 'warning' | 'critical';
  /** In plain words; `{{ .Labels.device }}` and `{{ .Values.B }}` are filled in (without `$`, see `provisioned`). */
  summary: string;
  description: string;
  /** Where it is seen: Grafana leads from the alert there, and marks the panel with its state. */
  panel: AlertPanel;
}

export interface AlertPanel {
  /** Of the dashboard. */
  board: string;
  title: string;
  /** Part of its query, where titles are not unique. */
  query?: string;
}

/** The name of the one that is provisioned when there is a webhook. */
export const contactPoint = 'Device hub';

/** Where a rule leads to. */
export interface AlertLinks {
  /** Gives the number of a panel in its dashboard. @throws Error when there is none */
  numberOf: (panel: AlertPanel) => number;
  /** Where the documents' site is served; undefined: rules name no page that says what to do. */
  docsUrl: string | undefined;
  /** Where alerts are posted; undefined: the notification policies of Grafana decide. */
  webhookUrl: string | undefined;
}

/** The heading of the rule in the page that says what to do; all limits of readings have one. */
function anchorOf({ uid, title }: AlertRule): string {
  if (uid.startsWith('device-hub-limit-')) return 'a-reading-beyond-its-limit';
  return title
    .toLowerCase()
    .replaceAll(/[^a-z0-9 -]/g, '')
    .trim()
    .replaceAll(' ', '-');
}

/**
 * The rule as its file holds it. Grafana expands `$NAME` and `${NAME}` from its own environment in these files,
 * though not inside `model`, so a `$` that stands for itself is doubled.
 */
export function provisioned(rule: AlertRule, { numberOf, docsUrl, webhookUrl }: AlertLinks): YamlValue {
  return {
    uid: rule.uid,
    title: withoutVariables(rule.title),
    condition: 'C',
    data: [
      {
        refId: 'A',
        relativeTimeRange: { from: rule.rangeSec, to: 0 },
        datasourceUid: provisionedSource.uid,
        model: {
          refId: 'A',
          datasource: provisionedSource,
          rawQuery: true,
          resultFormat: 'time_series',
          query: rule.influxql,
          intervalMs: 1_000,
          maxDataPoints: 43_200,
        },
      },
      expression('B', { type: 'reduce', expression: 'A', reducer: 'last', settings: { mode: 'dropNN' } }),
      expression('C', {
        type: 'threshold',
        expression: 'B',
        conditions: [{ evaluator: evaluatorOf(rule.condition) }],
      }),
    ],
    noDataState: rule.noData,
    execErrState: 'Error',
    for: rule.for,
    annotations: {
      summary: rule.summary,
      description: rule.description,
      ...(docsUrl === undefined
        ? {}
        : {
            runbook_url: withoutVariables(
              `${docsUrl.replace(/\/+$/, '')}/guides/alerts.html#${anchorOf(rule)}`,
            ),
          }),
      __dashboardUid__: rule.panel.board,
      __panelId__: String(numberOf(rule.panel)),
    },
    labels: { severity: rule.severity },
    ...(webhookUrl === undefined
      ? {}
      : {
          notification_settings: {
            receiver: contactPoint,
            group_by: ['grafana_folder', 'alertname', 'site'],
          },
        }),
    isPaused: false,
  };
}

/** For a text that is the user's own. */
export function withoutVariables(text: string): string {
  return text.replaceAll('$', '$$$$');
}

function expression(refId: string, model: { readonly [key: string]: YamlValue }): YamlValue {
  const uid = '__expr__';
  return {
    refId,
    relativeTimeRange: { from: 0, to: 0 },
    datasourceUid: uid,
    model: { refId, datasource: { type: uid, uid }, ...model },
  };
}

function evaluatorOf(condition: AlertRule['condition']): YamlValue {
  if ('above' in condition) return { type: 'gt', params: [condition.above] };
  if ('below' in condition) return { type: 'lt', params: [condition.below] };
  return { type: 'outside_range', params: condition.outside };
}
