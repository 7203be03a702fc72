import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import {
  fillIn,
  parseDuration,
  queriesOf,
  type VariableValue,
} from '../../helpers/grafana/grafana-queries.ts';

/** On a window from 1 s to 61 s, in steps of 10 s. */
function fill(influxql: string, variables: Readonly<Record<string, VariableValue>> = {}): string {
  return fillIn(
    { source: '', influxql, minIntervalMs: 0, rangeMs: undefined, panel: undefined },
    { fromMs: 1_000, toMs: 61_000, intervalMs: 10_000, variables },
  );
}

suite('filling in a query as Grafana does', () => {
  test('macros become the range and the interval', () => {
    assert.equal(fill('WHERE $timeFilter'), 'WHERE time >= 1000ms and time <= 61000ms');
    assert.equal(fill('time($__interval), time($interval), $__interval_ms'), 'time(10s), time(10s), 10000');
    assert.equal(fill('time >= ${__from}ms - 5m AND time <= $__to'), 'time >= 1000ms - 5m AND time <= 61000');
  });

  test('a panel with a least interval and a range of its own gets both', () => {
    const own = { source: '', influxql: '$timeFilter $__interval', minIntervalMs: 90_000, panel: undefined };
    const context = { fromMs: 0, toMs: 61_000, intervalMs: 10_000, variables: {} };
    assert.equal(fillIn({ ...own, rangeMs: 30_000 }, context), 'time >= 31000ms and time <= 61000ms 1m');
    assert.equal(parseDuration('15m'), 900_000);
    assert.throws(() => parseDuration('15'), /no duration/);
  });

  test('one value, several and All take the form that the place asks for', () => {
    const site = ['north.1', 'a(b)'];
    assert.equal(fill('/^${site:regex}$/', { site }), '/^(north\\.1|a\\(b\\))$/');
    assert.equal(fill('/^$site$/ [[site]]', { site }), '/^(north\\.1|a\\(b\\))$/ (north\\.1|a\\(b\\))');
    assert.equal(fill('/^${site:regex}$/', { site: ['north.1'] }), '/^north\\.1$/');
    assert.equal(fill('/^${site:regex}$/', { site: { all: '.*' } }), '/^.*$/');
    assert.equal(fill('[[site:csv]]', { site }), 'north.1,a(b)');
    assert.equal(fill(`= '$site' AND x =~ /^\${site}$/`, { site: 'a.b' }), `= 'a.b' AND x =~ /^a\\.b$/`);
  });

  test('a variable or a format that does not exist is an error', () => {
    assert.throws(() => fill('$sites', { site: 'a' }), /no variable \$sites/);
    assert.throws(() => fill('${site:lucene}', { site: 'a' }), /no format lucene/);
  });

  test('panels of collapsed rows, variables and annotations are all found', () => {
    const gridPos = { h: 1, w: 1, x: 0, y: 0 };
    const hidden = { id: 2, type: 'stat', title: 'Inside', gridPos, targets: [{ refId: 'A', query: 'q2' }] };
    const found = queriesOf({
      uid: 'board',
      schemaVersion: 42,
      editable: true,
      refresh: '10s',
      panels: [{ id: 1, type: 'row', gridPos, panels: [hidden] }],
      templating: {
        list: [
          { name: 'site', type: 'query', query: { query: 'q1' } },
          { name: 'step', type: 'interval', query: '1m,5m' },
        ],
      },
      annotations: {
        list: [
          { name: 'own', builtIn: 1 },
          { name: 'events', target: { query: 'q3' } },
        ],
      },
    });
    const expected = ['variable site: q1', 'panel 2 Inside A: q2', 'annotation events: q3'];
    assert.deepEqual(
      found.map(({ source, influxql }) => `${source}: ${influxql}`),
      expected,
    );
  });
});
