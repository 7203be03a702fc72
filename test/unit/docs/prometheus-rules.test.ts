import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parse } from 'yaml';

const root = new URL('../../..', import.meta.url);
const textOf = (path: string): string => readFileSync(new URL(path, root), 'utf8');

interface Rule {
  alert?: string;
  record?: string;
  expr: string;
  labels?: { severity?: string };
  annotations?: { summary?: string; description?: string };
}
const { groups } = parse(textOf('packaging/prometheus/device-hub.rules.yaml')) as {
  groups: { name: string; rules: Rule[] }[];
};
const rules = groups.flatMap((group) => group.rules);

/** Of the reference, which is made from a running hub. Histograms have series of further names. */
const metrics = new Set(
  [...textOf('docs/reference/metrics.md').matchAll(/^\| `(hub_\w+)` \| (\w+)/gm)].flatMap(
    ([, name = '', kind]) =>
      kind === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
  ),
);

test('every rule for Prometheus asks for metrics that the hub has', () => {
  for (const { alert, record, expr } of rules) {
    const asked = [...expr.matchAll(/\bhub_\w+/g)].map(([name]) => name);
    for (const name of asked) assert.ok(metrics.has(name), `${alert ?? record}: there is no ${name}`);
    // A total that is not made a rate only ever rises.
    for (const name of asked.filter((each) => each.endsWith('_total')))
      assert.match(expr, new RegExp(`(rate|increase)\\(${name}[^)]*\\[`), `${alert ?? record}: ${name}`);
  }
});

test('every panel for Prometheus asks for metrics that the hub has', () => {
  const board = textOf('dashboards/grafana/prometheus/metrics.json');
  const asked = [...board.matchAll(/"expr": "(.+)"/g)].flatMap(([, expr = '']) => [
    ...expr.matchAll(/\bhub_\w+/g),
  ]);
  assert.ok(asked.length > 20);
  for (const [name] of asked) assert.ok(metrics.has(name), `there is no ${name}`);
});

test('every alert has a severity, and says what is wrong and what to do', () => {
  const alerts = rules.filter(({ alert }) => alert !== undefined);
  assert.ok(alerts.length > 5);
  for (const { alert, labels, annotations } of alerts) {
    assert.match(labels?.severity ?? '', /^(critical|warning|info)$/, alert);
    assert.ok((annotations?.summary ?? '').length > 10, alert);
    assert.ok((annotations?.description ?? '').length > 10, alert);
  }
  assert.equal(new Set(alerts.map(({ alert }) => alert)).size, alerts.length);
});
