import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { isFinal, type CommandStatus } from '../../../schemas/command-status.ts';
import { grafanaFiles } from '../../../dashboards/grafana/generate/files.ts';
import { chosen, identifier, literal } from '../../../dashboards/grafana/generate/influxql.ts';
import { outcomes } from '../../../dashboards/grafana/generate/commands-board.ts';
import { presenceMappings } from '../../../dashboards/grafana/generate/shared-panels.ts';
import { grafanaUnitIds } from '../../helpers/grafana/grafana-unit-ids.ts';
import { grafanaUnit, grafanaUnits } from '../../../dashboards/grafana/generate/units.ts';
import { toYaml, type YamlValue } from '../../../dashboards/grafana/generate/yaml.ts';

import { slugOf } from '../../../packaging/docs/markdown.ts';
import { presenceStates } from '../../../schemas/presence-states.ts';
import { compileDeviceType, loadDeviceTypes, type DeviceType } from '../../../schemas/index.ts';
import { readBlockYaml } from '../../helpers/grafana/block-yaml.ts';
import { panelsOf, queriesOf, type Dashboard } from '../../helpers/grafana/grafana-queries.ts';
import type { AlertFile } from '../../helpers/grafana/grafana-alerts.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const folder = join(root, 'dashboards/grafana');
const shipped = (await loadDeviceTypes(join(root, 'schemas/device-types'))).all();

function filesOf(types: readonly DeviceType[]): ReadonlyMap<string, string> {
  return grafanaFiles(types, { database: 'hub' });
}

function boardsOf(files: ReadonlyMap<string, string>): [path: string, board: Dashboard][] {
  return [...files]
    .filter(([path]) => path.startsWith('dashboards/'))
    .map(([path, text]) => [path, JSON.parse(text) as Dashboard]);
}

function boardOf(files: ReadonlyMap<string, string>, name: string): Dashboard {
  return JSON.parse(files.get(`dashboards/${name}.json`) ?? '') as Dashboard;
}

function alertsOf(files: ReadonlyMap<string, string>): AlertFile {
  return readBlockYaml(files.get('provisioning/alerting/hub.yaml') ?? '') as unknown as AlertFile;
}

/** A type with whatever a schema lets through. */
function hostileType(title: string, unit: string): DeviceType {
  return compileDeviceType(
    {
      name: 'hostile',
      version: 1,
      title,
      streams: {
        s: {
          type: 'object',
          properties: {
            x: { type: 'number', title, unit, minimum: 0, 'x-high': 5 },
            on: { type: 'boolean', title },
            text: { type: 'string', title, maxLength: 10 },
            zone: { type: 'string', enum: ['a', 'b'], 'x-tag': true },
          },
          required: ['x'],
          additionalProperties: false,
        },
      },
      presence: { heartbeatSec: 30 },
    },
    'hostile@1.json',
  );
}

suite('the files for Grafana', () => {
  const files = filesOf(shipped);

  test('what is committed is what the shipped device types give', () => {
    for (const [path, text] of files) assert.equal(readFileSync(join(folder, path), 'utf8'), text, path);
    const there = [
      'dashboards',
      'prometheus',
      'provisioning/alerting',
      'provisioning/dashboards',
      'provisioning/datasources',
    ];
    const committed = there.flatMap((dir) => readdirSync(join(folder, dir)).map((name) => `${dir}/${name}`));
    assert.deepEqual(committed.toSorted(), [...files.keys()]);
  });

  test('the order in which types come changes nothing', () => {
    assert.deepEqual([...filesOf(shipped.toReversed())], [...files]);
  });

  test('every dashboard names nothing twice, its panels do not overlap, and Grafana takes its uid', () => {
    const uids = new Set<string>();
    for (const [path, board] of boardsOf(files)) {
      assert.match(board.uid, /^[A-Za-z0-9_-]{1,40}$/, path);
      assert.ok(!uids.has(board.uid), path);
      uids.add(board.uid);
      assert.equal(board.schemaVersion, 42);
      assert.equal(board.refresh, '10s');
      const rows = board.panels.filter(({ type }) => type === 'row');
      const panels = panelsOf(board);
      const ids = [...rows, ...panels].map(({ id }) => id);
      assert.equal(new Set(ids).size, ids.length, path);
      const cells = new Set<string>();
      for (const { gridPos, title } of [...rows, ...panels]) {
        assert.ok(gridPos.x >= 0 && gridPos.x + gridPos.w <= 24, title);
        for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1) {
          for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
            assert.ok(!cells.has(`${x} ${y}`), `${path}: ${title ?? ''} overlaps`);
            cells.add(`${x} ${y}`);
          }
        }
      }
      for (const { targets = [], title } of panels) {
        assert.ok(targets.length > 0, title);
        assert.equal(new Set(targets.map(({ refId }) => refId)).size, targets.length, title);
      }
    }
  });

  test('every dashboard and every rule reads the data source that is provisioned', () => {
    const { datasources } = readBlockYaml(
      files.get('provisioning/datasources/hub.yaml') ?? '',
    ) as unknown as {
      datasources: { uid: string; type: string; url: string; jsonData: Record<string, string> }[];
    };
    const [source] = datasources;
    assert.ok(source);
    assert.equal(source.url, '$HUB_INFLUX_URL');
    assert.deepEqual(source.jsonData, { version: 'InfluxQL', dbName: 'hub', httpMode: 'POST' });
    const { uid, type } = source;
    for (const [, board] of boardsOf(files)) {
      const used = [
        ...board.templating.list.filter((one) => one.type === 'query'),
        ...board.annotations.list.filter(({ builtIn }) => builtIn !== 1),
        ...panelsOf(board),
        ...panelsOf(board).flatMap(({ targets = [] }) => targets),
      ];
      for (const { datasource } of used) assert.deepEqual(datasource, { type, uid: '${datasource}' });
      const [choice] = board.templating.list;
      assert.deepEqual([choice?.name, choice?.type, choice?.query], ['datasource', 'datasource', type]);
      assert.equal(choice?.current?.value, uid);
    }
    for (const { data } of alertsOf(files).groups.flatMap(({ rules }) => rules)) {
      assert.deepEqual(
        data.map(({ datasourceUid }) => datasourceUid),
        [uid, '__expr__', '__expr__'],
      );
    }
  });

  test('another database is written into the data source, whatever its name', () => {
    const other = grafanaFiles(shipped, { database: 'the $HOME of "us"' });
    assert.match(other.get('provisioning/datasources/hub.yaml') ?? '', /dbName: "the \$\$HOME of \\"us\\""/);
  });

  test('the provider finds the dashboards beside the provisioning folder', () => {
    const text = files.get('provisioning/dashboards/hub.yaml') ?? '';
    const { providers } = readBlockYaml(text) as unknown as { providers: { options: { path: string } }[] };
    assert.equal(providers[0]?.options.path, '$GF_PATHS_PROVISIONING/../dashboards');
  });

  test('every field of every shipped stream has a panel with its unit and its limits', () => {
    const units: Readonly<Record<string, string>> = {
      Cel: 'celsius',
      '%': 'percent',
      V: 'volt',
      dBm: 'dBm',
      '[mi_i]/h': 'velocitymph',
      'L/min': 'flowlpm',
      bar: 'pressurebar',
    };
    for (const { name, streams } of shipped) {
      const board = boardOf(files, `type-${name}`);
      for (const { measurement, fields } of streams.values()) {
        for (const field of fields.filter(({ tag }) => !tag)) {
          const what = `${measurement} ${field.name}`;
          const panel = queriesOf(board).find(
            ({ influxql, panel: shown }) =>
              shown?.type !== 'table' &&
              (influxql.includes(`mean(/^(mean_)?${field.name}$/) FROM /^${measurement}(_1m)`) ||
                influxql.includes(`last("${field.name}") AS "${field.name}" FROM "${measurement}"`)),
          )?.panel;
          assert.ok(panel?.fieldConfig, `a panel of ${what}`);
          assert.equal(panel.title, field.title, what);
          const { unit, thresholds, min, max } = panel.fieldConfig.defaults;
          if (field.kind === 'string') {
            assert.equal(panel.type, 'state-timeline', what);
            continue;
          }
          assert.equal(panel.type, 'timeseries', what);
          assert.equal(unit, units[field.unit ?? ''], what);
          const { minimum, low, high, maximum } = field;
          const limits = [minimum, low, high, maximum].filter((limit) => limit !== undefined);
          assert.deepEqual(
            thresholds?.steps.map(({ value }) => value),
            [null, ...limits],
            what,
          );
          if (unit === 'percent') assert.deepEqual([min, max], [minimum, maximum], what);
        }
      }
    }
  });

  test('every presence and every end of a command has its colour', () => {
    assert.deepEqual(
      presenceMappings.map(({ value }) => value),
      [...presenceStates],
    );
    assert.ok(outcomes.every(({ value }) => isFinal(value as CommandStatus)));
    assert.equal(outcomes.length, 6);
  });

  test('rules are what the file format asks for: own uids and titles, a query, its last value, a threshold', () => {
    const { groups } = alertsOf(files);
    const rules = groups.flatMap((group) => group.rules);
    for (const name of ['uid', 'title'] as const) {
      assert.equal(new Set(rules.map((rule) => rule[name])).size, rules.length, name);
    }
    for (const rule of rules) {
      assert.match(rule.uid, /^[A-Za-z0-9_-]{1,40}$/);
      assert.ok(rule.title.length <= 190);
      assert.match(rule.for, /^\d+[sm]$/);
      assert.deepEqual(
        rule.data.map(({ refId, model }) => [refId, model.refId, model.type]),
        [
          ['A', 'A', undefined],
          ['B', 'B', 'reduce'],
          ['C', 'C', 'threshold'],
        ],
      );
      assert.equal(rule.condition, 'C');
      const influxql = rule.data[0]?.model.query ?? '';
      assert.match(influxql, /\$timeFilter/);
      // Dashboards' variables do not exist in a rule, and `$` is not the same in all versions of Grafana elsewhere.
      assert.doesNotMatch(influxql.replaceAll('$timeFilter', ''), /\$/);
      assert.doesNotMatch(JSON.stringify([rule.title, rule.annotations]), /\$/);
    }
    const limits = rules.filter(({ uid }) => uid.startsWith('device-hub-limit-'));
    const fields = shipped.flatMap(({ streams }) => [...streams.values()].flatMap((stream) => stream.fields));
    assert.equal(
      limits.length,
      fields.filter(({ low, high }) => low !== undefined || high !== undefined).length,
    );
  });

  test('each rule leads to the panel that shows it, and to the words that say what to do', () => {
    const runbooks = readFileSync(join(root, 'docs/alerts.md'), 'utf8');
    const headings = new Set(
      [...runbooks.matchAll(/^## (.+)$/gm)].map(([, heading = '']) => slugOf(heading)),
    );
    const withDocs = grafanaFiles(shipped, { database: 'hub', docsUrl: 'https://docs.example/hub/' });
    const boards = boardsOf(withDocs).map(([, board]) => board as Dashboard & { uid: string });
    for (const { title, annotations } of alertsOf(withDocs).groups.flatMap(({ rules }) => rules)) {
      const board = boards.find(({ uid }) => uid === annotations['__dashboardUid__']);
      const panel = board?.panels.find(({ id }) => String(id) === annotations['__panelId__']);
      assert.ok((panel?.targets ?? []).length > 0, title);
      const [page, anchor = ''] = (annotations['runbook_url'] ?? '').split('#');
      assert.equal(page, 'https://docs.example/hub/guides/alerts.html');
      assert.ok(headings.has(anchor), `${title}: docs/alerts.md has no heading ${anchor}`);
    }
  });

  test('a type in two versions is one dashboard, with the fields of both and the words of the newer', () => {
    const version = (number: number, properties: object): DeviceType =>
      compileDeviceType(
        {
          name: 'meter',
          version: number,
          streams: { m: { type: 'object', properties, required: ['a'], additionalProperties: false } },
          presence: { heartbeatSec: 30 },
        },
        'meter',
      );
    const old = version(1, { a: { type: 'number', title: 'Old' }, gone: { type: 'integer' } });
    const now = version(2, { a: { type: 'number', title: 'New', unit: 'V' }, added: { type: 'boolean' } });
    const board = boardOf(filesOf([old, now]), 'type-meter');
    const titles = panelsOf(board).map(({ title }) => title);
    assert.deepEqual(titles.slice(0, 4), ['Last values of m', 'New', 'added', 'gone']);
  });
});

suite('names and texts of others', () => {
  test('quotes and backslashes in names stay inside their quotes', () => {
    assert.equal(identifier('a"b\\'), String.raw`"a\"b\\"`);
    assert.equal(literal("it's\n"), String.raw`'it\'s\n'`);
    fc.assert(
      fc.property(fc.string(), (text) => {
        fc.pre(!/\$[\w{]|\[\[/.test(text));
        for (const quoted of [identifier(text), literal(text)]) {
          const quote = quoted.charAt(0);
          // Past each escaped character, the only quote left is the closing one.
          const inside = quoted.slice(1, -1).replaceAll(/\\./g, '');
          assert.ok(quoted.endsWith(quote) && !inside.includes(quote) && !inside.includes('\\'));
          assert.doesNotMatch(quoted, /\n/);
        }
      }),
    );
  });

  test('a name that Grafana would fill in is refused', () => {
    for (const name of ['$site', '${site}', '[[site]]', 'a$__interval']) {
      assert.throws(() => identifier(name), /take this for a variable/);
    }
    assert.equal(chosen('site'), ' AND "site" =~ /^${site:regex}$/');
  });

  test('titles with variables, markup and templates are shown and not filled in', () => {
    const title = '$site ${device} [[type]] {{ .Labels }} <b>"';
    const files = filesOf([hostileType(title, '<script>$a{{1}}')]);
    const board = boardOf(files, 'type-hostile');
    const shown = panelsOf(board)
      .slice(1, 4)
      .map((panel) => panel.title ?? '');
    for (const text of [...shown, (board as unknown as { title: string }).title]) {
      assert.doesNotMatch(text, /\$[\w{]|\[\[/);
      assert.equal(text.replaceAll('\u2060', ''), title);
    }
    const [, , , ...rest] = alertsOf(files).groups.flatMap(({ rules }) => rules);
    const [limit] = rest;
    assert.equal(limit?.title, 'hostile s x beyond its limit');
    assert.doesNotMatch(JSON.stringify(limit.annotations), /\$|\{\{1/);
  });

  test('a tag of the payload makes a line of its own', () => {
    const board = boardOf(filesOf([hostileType('x', '1')]), 'type-hostile');
    const query = queriesOf(board).find(({ influxql }) => influxql.includes('mean(/^(mean_)?x$/)'));
    assert.match(query?.influxql ?? '', /GROUP BY time\(\$__interval\), "device", "zone"/);
  });

  test('the longest name of a type still has a uid that Grafana takes, of its own', () => {
    const long = (end: string): DeviceType => ({ ...hostileType('x', '1'), name: `${'a'.repeat(63)}${end}` });
    const uids = boardsOf(filesOf([long('b'), long('c')])).map(([, { uid }]) => uid);
    assert.equal(new Set(uids).size, uids.length);
    for (const uid of uids) assert.match(uid, /^[A-Za-z0-9_-]{1,40}$/);
  });

  test('every unit of every panel is one that Grafana has, or a suffix', () => {
    const types = Object.keys(grafanaUnits).map((unit) => hostileType('x', unit));
    const everyFile = [filesOf(shipped), ...types.map((type) => filesOf([type]))];
    for (const [name, board] of everyFile.flatMap((each) => boardsOf(each))) {
      for (const { panel, influxql } of queriesOf(board)) {
        const unit = panel?.fieldConfig?.defaults.unit ?? 'none';
        if (!unit.startsWith('suffix:'))
          assert.ok(grafanaUnitIds.has(unit), `${name}: ${unit} of ${influxql}`);
      }
    }
  });

  test('a unit that Grafana does not have is shown as it is', () => {
    assert.equal(grafanaUnit('cm'), 'suffix:cm');
    assert.equal(grafanaUnit('Cel'), 'celsius');
    assert.equal(grafanaUnit(undefined), 'none');
    assert.equal(grafanaUnit('[pH]'), 'suffix:[pH]');
    assert.equal(grafanaUnit('constructor'), 'suffix:constructor');
  });
});

test('what is written as YAML is read as it was', () => {
  const leaf = fc.oneof(
    fc.string(),
    fc.integer(),
    fc.boolean(),
    fc.constantFrom('yes', 'null', '1m', '- a', 'a: b', '#'),
  );
  const { tree } = fc.letrec<{ tree: YamlValue }>((tie) => ({
    tree: fc.oneof(
      { maxDepth: 4 },
      leaf,
      fc.array(tie('tree'), { maxLength: 3 }),
      fc.dictionary(fc.string({ minLength: 1 }), tie('tree'), { maxKeys: 3, noNullPrototype: true }),
    ),
  }));
  fc.assert(
    fc.property(tree, (value) => {
      fc.pre(!JSON.stringify(value).includes('__proto__'));
      assert.deepEqual(readBlockYaml(toYaml({ value }, ['a comment'])), { value });
    }),
  );
});
