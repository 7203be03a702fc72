import { twinStates } from '../../../schemas/twin/twin-states.ts';
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { grafanaFiles } from '../../../dashboards/grafana/generate/files.ts';
import { presenceStates } from '../../../schemas/presence-states.ts';
import { boards, faultsOf, queryNamed, rules } from '../../helpers/grafana/grafana-boards.ts';
import { evaluate } from '../../helpers/grafana/grafana-alerts.ts';
import {
  historyDevices,
  readingsPerDevice,
  refusedFrames,
  shippedTypes,
  writeHistory,
} from '../../helpers/grafana/grafana-history.ts';
import {
  type Dashboard,
  fillIn,
  panelsOf,
  type QueryContext,
  type VariableValue,
} from '../../helpers/grafana/grafana-queries.ts';
import { query, startInflux, type InfluxServer } from '../../helpers/services/influxd.ts';

/** A history of known numbers, on a real InfluxDB: what the dashboards and rules make of it, to the point. */

const database = 'hub';
/** Unix ms; every time of the data is before it. */
const toMs = 1_767_225_600_000;
const hourMs = 3_600_000;
const all = { all: '.*' };
const everything = { site: all, type: all, device: all, hub: all, resolution: '{0}' };
const fleet = boards.get('fleet');

/** Another point of the hub, with the time that its certificate has left. */
async function writeCertificate(url: string, into: string, timeMs: number, leftSec: number): Promise<void> {
  const line = `hub,hub=hub-of-history certificateLeftSec=${leftSec} ${timeMs}`;
  const { status } = await fetch(`${url}/write?db=${into}&precision=ms`, { method: 'POST', body: line });
  assert.equal(status, 204);
}

function contextOf(variables: Readonly<Record<string, VariableValue>>): QueryContext {
  return { fromMs: toMs - hourMs, toMs, intervalMs: 5_000, variables };
}

/** What a person may have chosen: everything, several, one. */
const contexts: readonly QueryContext[] = [
  contextOf(everything),
  contextOf({
    site: ['north.1', 'northx1', 'south'],
    type: shippedTypes.map(({ name }) => name),
    device: ['env-1', 'valve-1', 'traffic-1'],
    resolution: '{0}',
  }),
  contextOf({
    site: 'south',
    type: ['traffic-detector', 'smart-valve'],
    device: 'traffic-2',
    resolution: '{1}',
  }),
];

suite('the dashboards and rules on a known history', () => {
  let influx: InfluxServer;
  before(async () => {
    influx = await startInflux();
    await writeHistory(influx.url, database, toMs);
  });
  after(() => influx.close());

  const run = (name: string, source: string, variables: Readonly<Record<string, VariableValue>>) =>
    query(influx.url, database, fillIn(queryNamed(boards.get(name), source), contextOf(variables)));

  const firing = async (uid: string) => {
    const rule = rules.get(uid);
    assert.ok(rule, uid);
    return (await evaluate(rule, { url: influx.url, database, nowMs: toMs })).firing;
  };

  test('a field that is not written, a wrong measurement and a broken statement are each caught', async () => {
    const broken = structuredClone(boards.get('type-smart-valve'));
    assert.ok(broken);
    assert.deepEqual(await faultsOf(broken, contexts, { url: influx.url, database }), []);
    const site = broken.templating.list.find(({ name }) => name === 'site');
    const annotation = broken.annotations.list.find(({ builtIn }) => builtIn !== 1);
    const target = panelsOf(broken).find(({ title }) => title === 'Pressure')?.targets?.[0];
    assert.ok(site && annotation?.target && target?.query);
    site.query = 'SHOW TAG VALUES FROM "presence" WITH KEYS "site"';
    annotation.target.query = annotation.target.query?.replace('"event"', '"events"') ?? '';
    target.query = target.query.replaceAll('pressure', 'presure');
    const faults = await faultsOf(broken, contexts, { url: influx.url, database });
    assert.equal(faults.length, 3);
    assert.match(faults[0] ?? '', /^variable site: .*error parsing query/);
    assert.match(faults[1] ?? '', /^panel \d+ Pressure A: no rows$/);
    assert.match(faults[2] ?? '', /^annotation Events: no rows$/);
  });

  test('what is generated for InfluxDB 3 asks for nothing that it lacks, and finds the same', async () => {
    const files = grafanaFiles(shippedTypes, { database, influxdb3: true });
    const lacking = /\bSLIMIT\b|\bSOFFSET\b|\bINTO\b|\bSHOW SERIES\b|CARDINALITY|\b(?:sample|integral)\(/iu;
    for (const [path, text] of files) assert.doesNotMatch(text, lacking, path);
    const otherwise = [...boards].filter(([, board]) => lacking.test(JSON.stringify(board)));
    assert.ok(otherwise.length > 3);
    for (const [name] of otherwise) {
      const board = JSON.parse(files.get(`dashboards/${name}.json`) ?? '') as Dashboard;
      assert.deepEqual(await faultsOf(board, contexts, { url: influx.url, database }), [], name);
    }
  });

  test('every device is counted once, in its newest state', async () => {
    const panel = fleet === undefined ? undefined : panelsOf(fleet).find(({ type }) => type === 'stat');
    const counts = await Promise.all(
      (panel?.targets ?? []).map(async ({ refId }) => {
        const [series] = await run('fleet', `Devices by presence ${refId}`, everything);
        return series?.values.map(([, count]) => count);
      }),
    );
    const expected = presenceStates.map((state) => [
      historyDevices.filter((device) => device.state === state).length,
    ]);
    assert.deepEqual(counts, expected);
    // The dot of a site's name stands for itself only.
    const online = 'Devices by presence B';
    const [oneSite] = await run('fleet', online, { ...everything, site: 'north.1' });
    assert.equal(oneSite?.values[0]?.[1], 1);
  });

  test('devices online are counted in full at both ends of a window that begins anywhere', async () => {
    const context = { ...contextOf(everything), fromMs: toMs - hourMs + 130_000, toMs: toMs + 130_000 };
    const counts = async (source: string): Promise<unknown[]> => {
      const series = await query(influx.url, database, fillIn(queryNamed(fleet, source), context));
      // What lies further left is not in view.
      return series
        .flatMap(({ values }) => values)
        .filter(([timeUs]) => Number(timeUs) > (context.fromMs - 300_000) * 1000)
        .map(([, count]) => count);
    };
    assert.deepEqual(await counts('Devices online A'), [10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 2, 2, 2]);
    assert.deepEqual(
      await counts('Devices online B'),
      Array.from({ length: 13 }, () => historyDevices.length),
    );
  });

  test('points per minute add up to the readings that were written', async () => {
    const series = await run('fleet', 'Points per minute', everything);
    const perMeasurement = Object.fromEntries(
      series.map(({ name, values }) => [name, values.reduce((sum, [, rate]) => sum + Number(rate), 0)]),
    );
    const expected = shippedTypes.flatMap((type) =>
      [...type.streams.values()].map(({ measurement }) => {
        const senders = historyDevices.filter((device) => device.type === type.name).length;
        return [measurement, senders * readingsPerDevice] as const;
      }),
    );
    assert.deepEqual(perMeasurement, Object.fromEntries(expected));
  });

  test('the device variable lists the devices of the type at the chosen sites', async () => {
    const [series] = await run('type-env-sensor', 'variable device', { ...everything, site: ['north.1'] });
    assert.deepEqual(series?.values, [
      ['device', 'env-1'],
      ['device', 'env-2'],
    ]);
  });

  test('a panel shows the chosen devices alone, each with the values it sent', async () => {
    const chosen = { ...everything, device: ['env-1', 'env-3'] };
    const series = await run('type-env-sensor', 'Temperature A', chosen);
    assert.deepEqual(
      series.map(({ tags }) => tags),
      [{ device: 'env-1' }, { device: 'env-3' }],
    );
    for (const { values } of series) {
      assert.equal(values.length, readingsPerDevice);
      assert.ok(values.every(([, mean]) => mean === 21.5));
    }
  });

  test('the rule of offline devices names them and nobody else', async () => {
    assert.deepEqual(await firing('device-hub-offline'), [
      { device: 'env-2', site: 'north.1', type: 'env-sensor' },
      { device: 'traffic-2', site: 'south', type: 'traffic-detector' },
    ]);
  });

  test('devices that are away as part of an incident have no alert of their own, and the incident has one', async () => {
    assert.equal(historyDevices.find(({ id }) => id === 'env-5')?.state, 'offline');
    assert.ok((await firing('device-hub-offline')).every(({ device }) => device !== 'env-5'));
    // The incident began with the floor of the site, and then turned out to be about the whole site.
    assert.deepEqual(await firing('device-hub-incident'), [
      { kind: 'correlated-loss', subject: 'site east' },
    ]);
  });

  test('minutes show what the readings show', async () => {
    const [minutes, readings] = await Promise.all(
      ['{1}', '{0}'].map((resolution) =>
        run('type-env-sensor', 'Temperature A', { ...everything, device: 'env-1', resolution }),
      ),
    );
    const means = minutes?.[0]?.values.map(([, mean]) => mean);
    assert.deepEqual(
      means,
      readings?.[0]?.values.map(([, mean]) => mean),
    );
    assert.equal(means?.length, readingsPerDevice);
  });

  test('the devices that send most come with what they sent', async () => {
    const [series] = await run('fleet', 'Devices that send most A', everything);
    const [points, device] = [series?.values[0]?.[1], series?.values[0]?.[2]];
    assert.ok(Number(points) > 0 && typeof device === 'string');
  });

  test('versions of firmware are counted over time, over all hubs and sites', async () => {
    const series = await run('fleet', 'Devices by firmware A', everything);
    const ends = series.map(({ tags, values }) => [
      tags?.['type'],
      tags?.['version'],
      values.at(0)?.[1],
      values.at(-1)?.[1],
      values.length,
    ]);
    const twice = (type: string): number =>
      2 * historyDevices.filter((device) => device.type === type).length;
    assert.deepEqual(ends, [
      // The change is seven minutes before the end: of the snapshots in view, the last one has it.
      ['env-sensor', '1.0', twice('env-sensor'), twice('env-sensor'), 12],
      ['env-sensor', '1.1', twice('env-sensor'), twice('env-sensor'), 1],
      ['smart-valve', '1.0', twice('smart-valve'), twice('smart-valve'), 13],
      ['traffic-detector', '1.0', twice('traffic-detector'), twice('traffic-detector'), 13],
    ]);
    const [south] = await run('fleet', 'Devices by firmware A', {
      ...everything,
      site: 'south',
      type: 'traffic-detector',
    });
    const atSouth = historyDevices.filter(
      ({ site, type }) => site === 'south' && type === 'traffic-detector',
    );
    assert.equal(south?.values.at(-1)?.[1], 2 * atSouth.length);
  });

  test('what is refused is counted by field and rule', async () => {
    const series = await run('fleet', 'Refused by field and rule A', everything);
    assert.deepEqual(
      series.map(({ tags, values }) => [tags?.['stream'], tags?.['field'], tags?.['rule'], values[0]?.[1]]),
      shippedTypes
        .map(({ name }) => name)
        .toSorted()
        .map((name) => [`of-${name}`, '/value', 'maximum', refusedFrames]),
    );
  });

  test('the rule of the certificate says nothing while it has weeks left, and then names the hub', async () => {
    const rule = rules.get('device-hub-hub-certificate');
    assert.ok(rule);
    const place = { url: influx.url, database, nowMs: toMs };
    assert.deepEqual(await evaluate(rule, place), { series: 1, firing: [] });
    await writeCertificate(influx.url, database, toMs - 60_000, 13 * 86_400);
    assert.deepEqual((await evaluate(rule, place)).firing, [{ hub: 'hub-of-history' }]);
  });

  test('alarms that last are counted by severity, and the rule names the critical one that nobody has acknowledged', async () => {
    const counts = await Promise.all(
      ['A', 'B'].map(async (refId) => {
        const [series] = await run('fleet', `Active alarms by severity ${refId}`, everything);
        return series?.values.map(([, count]) => count);
      }),
    );
    assert.deepEqual(counts, [[3], [2]]);
    assert.deepEqual(
      (await firing('device-hub-alarm')).map(({ device, source }) => [device, source]),
      [
        ['env-1', 'limit.env.temperature.high'],
        ['traffic-2', 'event.jam'],
      ],
    );
    const rows = await run('fleet', 'Active alarms A', everything);
    const devices = rows.map(({ tags }) => tags?.['device']);
    assert.deepEqual(devices, ['env-1', 'env-1', 'env-3', 'traffic-2', 'traffic-2']);
  });

  test('the rule of settings names every device that does not hold them, and no other', async () => {
    const out = historyDevices.filter((_, at) => twinStates[at % twinStates.length] !== 'in-sync');
    assert.deepEqual(
      new Set((await firing('device-hub-out-of-sync')).map(({ device }) => device)),
      new Set(out.map(({ id }) => id)),
    );
  });

  test('the rule of silent devices names those that are online and tell nothing', async () => {
    assert.deepEqual(
      (await firing('device-hub-silent')).map(({ device }) => device),
      historyDevices.filter(({ silent }) => silent === true).map(({ id }) => id),
    );
  });

  test('a rule of a limit says nothing of values within it', async () => {
    const limits = [...rules.keys()].filter((uid) => uid.startsWith('device-hub-limit-'));
    assert.ok(limits.length >= 4);
    for (const uid of limits) assert.deepEqual(await firing(uid), []);
  });
});
