import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join, normalize } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openInflux } from '../../hub/adapters/influx.ts';
import type { DeviceRecord } from '../../hub/devices/device-store.ts';
import { presenceStates, type Presence, type PresenceState } from '../../hub/devices/presence.ts';
import { messageOf } from '../../hub/kernel/errors.ts';
import { createLog } from '../../hub/kernel/log.ts';
import type { FrameOwner } from '../../hub/telemetry/batch.ts';
import { Ingest } from '../../hub/telemetry/ingest.ts';
import { PresenceRecorder } from '../../hub/telemetry/presence-recorder.ts';
import { loadDeviceTypes, type DeviceType } from '../../schemas/index.ts';
import { ManualClock } from '../helpers/clock.ts';
import { testRoad } from '../helpers/store-road.ts';
import {
  fillIn,
  panelsOf,
  queriesOf,
  type Dashboard,
  type DashboardQuery,
  type QueryContext,
  type VariableValue,
} from '../helpers/grafana-queries.ts';
import { query, startInflux, type InfluxSeries, type InfluxServer } from '../helpers/influxd.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const grafana = join(root, 'dashboards/grafana');
const dashboard = JSON.parse(readFileSync(join(grafana, 'dashboards/fleet.json'), 'utf8')) as Dashboard;
const database = 'hub';
const types = (await loadDeviceTypes(join(root, 'schemas/device-types'))).all();

/** Unix ms; every time of the data is before it. */
const toMs = 1_767_225_600_000;
const hourMs = 3_600_000;
const all = { all: '.*' };

interface Device {
  id: string;
  type: string;
  site: string;
  /** From seven minutes before the end; `online` before that. */
  state: PresenceState;
}

const devices: readonly Device[] = [
  { id: 'env-1', type: 'env-sensor', site: 'north.1', state: 'online' },
  { id: 'env-2', type: 'env-sensor', site: 'north.1', state: 'offline' },
  { id: 'env-3', type: 'env-sensor', site: 'south', state: 'never-seen' },
  { id: 'traffic-1', type: 'traffic-detector', site: 'northx1', state: 'online' },
  { id: 'traffic-2', type: 'traffic-detector', site: 'south', state: 'overdue' },
  { id: 'valve-1', type: 'smart-valve', site: 'south', state: 'suspect' },
  { id: 'valve-2', type: 'smart-valve', site: 'south', state: 'sleeping' },
  { id: 'env-4', type: 'env-sensor', site: 'south', state: 'migrating' },
  { id: 'traffic-3', type: 'traffic-detector', site: 'south', state: 'unknown' },
  { id: 'valve-3', type: 'smart-valve', site: 'south', state: 'disabled' },
];

/** One reading of each stream, all of its fields. */
const readings: Readonly<Record<string, Readonly<Record<string, object>>>> = {
  'env-sensor': { env: { temperature: 21.5, humidity: 48, battery: 3.1, rssi: -71 } },
  'traffic-detector': { traffic: { speed: 42.5, occupancy: 12 } },
  'smart-valve': { flow: { flow: 12.5, pressure: 3.2, position: 80, mode: 'automatic' } },
};
const readingsPerDevice = 60;

function typeNamed(name: string): DeviceType {
  const type = types.find((one) => one.name === name);
  assert.ok(type, `device type ${name}`);
  return type;
}

/** The last hour of the fleet, written by the hub's own road: ingest, presence recorder, writer, InfluxDB. */
async function writeHistory(url: string): Promise<void> {
  const clock = new ManualClock(toMs);
  const store = openInflux({ url, database, timeoutMs: 10_000 }, clock);
  await store.createDatabase();
  const log = createLog({ level: 'silent' });
  const road = testRoad({ store, clock, log });
  const { writer, books, shedding } = road;
  const owner: FrameOwner = {
    account: books.account('all'),
    stored: () => undefined,
    refusedByStore: (_seq, _samples, reason) => assert.fail(`the store refused a line: ${reason}`),
  };
  const fanOut = { reading: () => undefined, readings: () => undefined, event: () => undefined };
  const ingest = new Ingest(
    { writer, books, shedding, fanOut, clock },
    { maxAgeMs: 86_400_000, maxAheadMs: 60_000 },
  );
  const records = new Map(devices.map((device) => [device.id, recordOf(device)]));
  const recorder = new PresenceRecorder({ writer, books, recordOf: (id) => records.get(id) });

  for (const { id, site, type: name } of devices) {
    const type = typeNamed(name);
    const channel = ingest.openChannel({ id, site }, type, 'boot-1', new Map());
    for (const [stream, data] of Object.entries(readings[name] ?? {})) {
      for (let index = 0; index < readingsPerDevice; index += 1) {
        const ts = toMs - hourMs + index * 60_000 + 500;
        const refused = ingest.telemetry(channel, owner, { type: 'telemetry', seq: index, stream, ts, data });
        assert.equal(refused, undefined);
      }
    }
    for (const event of type.events.keys()) {
      const frame = { type: 'event', seq: 1_000, name: event, severity: 'critical' } as const;
      assert.equal(ingest.event(channel, owner, { ...frame, ts: toMs - 90_000 }), undefined);
    }
  }
  const changedMs = toMs - 7 * 60_000;
  for (let timeMs = toMs - hourMs - 300_000; timeMs <= toMs; timeMs += 300_000) {
    recorder.snapshot(presenceAt(timeMs, changedMs), timeMs + 20);
  }
  for (const [id, presence] of presenceAt(changedMs, changedMs)) recorder.record(id, presence, changedMs);
  assert.equal(await writer.drain(30_000), 0);
  assert.equal(books.total.stored, books.total.received);
  await road.close();
  await store.close();
}

function recordOf({ id, type, site }: Device): DeviceRecord {
  return { id, type: typeNamed(type).id, site, credentials: [], createdMs: 0, disabled: false, epoch: 1 };
}

function presenceAt(timeMs: number, changedMs: number): [string, Presence][] {
  return devices.map(({ id, state }) => {
    const now = state === 'never-seen' || timeMs >= changedMs ? state : 'online';
    return [id, { state: now, reason: 'resumed', sinceMs: timeMs, epoch: 1, n: 2, marks: {} }];
  });
}

function contextOf(variables: Readonly<Record<string, VariableValue>>): QueryContext {
  return { fromMs: toMs - hourMs, toMs, intervalMs: 5_000, variables };
}

/** What a person may have chosen: everything, several, one; and a device of every type. */
const contexts: readonly QueryContext[] = [
  contextOf({ site: all, type: all, device: 'env-1' }),
  contextOf({
    site: ['north.1', 'northx1', 'south'],
    type: types.map(({ name }) => name),
    device: 'valve-1',
  }),
  contextOf({ site: all, type: ['traffic-detector', 'smart-valve'], device: 'traffic-1' }),
];

/** Rows with anything but null beside the time. */
function rowsIn(series: readonly InfluxSeries[]): number {
  return series
    .flatMap(({ columns, values }) =>
      values.map((row) => row.filter((_, index) => columns[index] !== 'time')),
    )
    .filter((row) => row.some((value) => value !== null)).length;
}

/** Runs every query in every context. @returns each that InfluxDB refuses, and each that never gives a row */
async function faultsOf(url: string, board: Dashboard): Promise<string[]> {
  const faults = await Promise.all(queriesOf(board).map((one) => faultOf(url, one)));
  return faults.filter((fault) => fault !== undefined);
}

async function faultOf(url: string, one: DashboardQuery): Promise<string | undefined> {
  try {
    const answers = await Promise.all(contexts.map((context) => query(url, database, fillIn(one, context))));
    return answers.some((series) => rowsIn(series) > 0) ? undefined : `${one.source}: no rows`;
  } catch (error) {
    return `${one.source}: ${messageOf(error)}`;
  }
}

function queryNamed(source: string): DashboardQuery {
  const found = queriesOf(dashboard).find((one) => one.source.includes(source));
  assert.ok(found, `a query of ${source}`);
  return found;
}

suite('the fleet dashboard on a real InfluxDB', () => {
  let influx: InfluxServer;
  before(async () => {
    influx = await startInflux();
    await writeHistory(influx.url);
  });
  after(() => influx.close());

  const run = (source: string, variables: Readonly<Record<string, VariableValue>>) =>
    query(influx.url, database, fillIn(queryNamed(source), contextOf(variables)));
  const everything = { site: all, type: all, device: 'env-1' };

  test('every query of the dashboard returns rows', async () => {
    assert.ok(queriesOf(dashboard).length >= 25);
    assert.deepEqual(await faultsOf(influx.url, dashboard), []);
  });

  test('a field that is not written, a wrong measurement and a broken statement are each caught', async () => {
    const broken = structuredClone(dashboard);
    const [site] = broken.templating.list;
    const annotation = broken.annotations.list.find(({ builtIn }) => builtIn !== 1);
    const target = panelsOf(broken).find(({ title }) => title === 'Temperature')?.targets?.[0];
    assert.ok(site && annotation?.target && target?.query);
    site.query = 'SHOW TAG VALUES FROM "presence" WITH KEYS "site"';
    annotation.target.query = annotation.target.query?.replace('"event"', '"events"') ?? '';
    target.query = target.query.replaceAll('temperature', 'temprature');
    const faults = await faultsOf(influx.url, broken);
    assert.equal(faults.length, 3);
    assert.match(faults[0] ?? '', /^variable site: .*error parsing query/);
    assert.match(faults[1] ?? '', /^panel \d+ Temperature A: no rows$/);
    assert.match(faults[2] ?? '', /^annotation Events of the device: no rows$/);
  });

  test('the presence panels count every device once, in its newest state', async () => {
    const titles: Record<PresenceState, string> = {
      online: ' Online A',
      suspect: ' Suspect A',
      offline: ' Offline A',
      sleeping: ' Sleeping A',
      overdue: ' Overdue A',
      'never-seen': ' Never seen A',
      migrating: ' Migrating A',
      unknown: ' Unknown A',
      disabled: ' Disabled A',
    };
    const counts = await Promise.all(
      presenceStates.map(async (state) => {
        const [series] = await run(titles[state], everything);
        return [state, series?.values.map(([, count]) => count)] as const;
      }),
    );
    const expected = presenceStates.map(
      (state) => [state, [devices.filter((device) => device.state === state).length]] as const,
    );
    assert.deepEqual(counts, expected);
    // The dot of a site's name stands for itself only.
    const [oneSite] = await run(' Online A', { ...everything, site: 'north.1' });
    assert.equal(oneSite?.values[0]?.[1], 1);
  });

  test('devices online are counted in full at both ends of a window that begins anywhere', async () => {
    const context = { ...contextOf(everything), fromMs: toMs - hourMs + 130_000, toMs: toMs + 130_000 };
    const counts = async (source: string): Promise<unknown[]> => {
      const series = await query(influx.url, database, fillIn(queryNamed(source), context));
      // What lies further left is not in view.
      return series
        .flatMap(({ values }) => values)
        .filter(([timeUs]) => Number(timeUs) > (context.fromMs - 300_000) * 1000)
        .map(([, count]) => count);
    };
    assert.deepEqual(await counts('Devices online A'), [9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 2, 2, 2]);
    assert.deepEqual(
      await counts('Devices online B'),
      Array.from({ length: 13 }, () => devices.length),
    );
  });

  test('points per minute add up to the readings that were written', async () => {
    const series = await run('Points per minute', everything);
    const perMeasurement = Object.fromEntries(
      series.map(({ name, values }) => [name, values.reduce((sum, [, rate]) => sum + Number(rate), 0)]),
    );
    const expected = types.flatMap((type) =>
      [...type.streams.values()].map(({ measurement }) => {
        const senders = devices.filter((device) => device.type === type.name).length;
        return [measurement, senders * readingsPerDevice] as const;
      }),
    );
    assert.deepEqual(perMeasurement, Object.fromEntries(expected));
  });

  test('the device variable lists the devices of the chosen sites and types', async () => {
    const [series] = await run('variable device', { ...everything, site: ['north.1'] });
    assert.deepEqual(series?.values, [
      ['device', 'env-1'],
      ['device', 'env-2'],
    ]);
  });

  test('a panel shows the chosen device alone, with the values it sent', async () => {
    const series = await run('Temperature A', everything);
    const values = series.flatMap((one) => one.values);
    assert.equal(values.length, readingsPerDevice);
    assert.ok(values.every(([, mean]) => mean === 21.5));
  });
});

/** Grafana's names of the units that device types use (UCUM). */
const grafanaUnits: Readonly<Record<string, string>> = {
  Cel: 'celsius',
  '%': 'percent',
  V: 'volt',
  dBm: 'dBm',
  '[mi_i]/h': 'velocitymph',
  'L/min': 'flowlpm',
  bar: 'pressurebar',
};

test('every field of every shipped stream has a panel with its unit and limits', () => {
  for (const { streams } of types) {
    for (const { measurement, fields } of streams.values()) {
      for (const field of fields.filter(({ tag }) => !tag)) {
        const what = `${measurement} ${field.name}`;
        const panel = queriesOf(dashboard).find(
          ({ influxql }) =>
            influxql.includes(`("${field.name}")`) && influxql.includes(`FROM "${measurement}"`),
        )?.panel;
        assert.ok(panel?.fieldConfig, `a panel of ${what}`);
        assert.equal(panel.title, field.title, what);
        const { unit, thresholds, min, max } = panel.fieldConfig.defaults;
        if (field.kind === 'string') {
          assert.equal(panel.type, 'state-timeline', what);
          continue;
        }
        assert.equal(panel.type, 'timeseries', what);
        const expected = field.unit === undefined ? undefined : grafanaUnits[field.unit];
        assert.ok(expected, `a Grafana unit for ${field.unit ?? 'none'} (${what})`);
        assert.equal(unit, expected, what);
        const limits = thresholds?.steps.map(({ value }) => value);
        assert.deepEqual(limits, [null, field.minimum, field.maximum], what);
        if (unit === 'percent') assert.deepEqual([min, max], [field.minimum, field.maximum], what);
      }
    }
  }
});

test('the dashboard names nothing twice and its panels do not overlap', () => {
  const rows = dashboard.panels.filter(({ type }) => type === 'row');
  const panels = panelsOf(dashboard);
  const ids = [...rows, ...panels].map(({ id }) => id);
  assert.equal(new Set(ids).size, ids.length);
  const cells = new Set<string>();
  for (const { gridPos, title } of [...rows, ...panels]) {
    assert.ok(gridPos.x >= 0 && gridPos.x + gridPos.w <= 24, title);
    for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1) {
      for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
        assert.ok(!cells.has(`${x} ${y}`), `${title ?? ''} overlaps`);
        cells.add(`${x} ${y}`);
      }
    }
  }
  for (const { targets = [], title } of panels) {
    assert.ok(targets.length > 0, title);
    assert.equal(new Set(targets.map(({ refId }) => refId)).size, targets.length, title);
  }
  assert.equal(dashboard.editable, true);
  assert.equal(dashboard.refresh, '10s');
});

/** The `key: value` lines of a provisioning file, whatever their depth. @throws for what YAML does not take */
function settingsIn(file: string): ReadonlyMap<string, string> {
  const settings = new Map<string, string>();
  for (const [index, line] of readFileSync(join(grafana, 'provisioning', file), 'utf8')
    .split('\n')
    .entries()) {
    if (/^ *(#.*)?$/.test(line)) continue;
    const [, key, value] =
      /^(?: {2})*(?:- )?(\w+):(?: ([^\s#&*!|>%@`'"{}[\]][^#:]*(?::\S[^#:]*)?))?$/.exec(line) ?? [];
    assert.ok(key !== undefined, `${file}, line ${index + 1}: ${line}`);
    assert.ok(!settings.has(key), `${file}: ${key} twice`);
    settings.set(key, value ?? '');
  }
  return settings;
}

test('the data source is provisioned under the uid that the dashboard uses, on the database of the hub', () => {
  const settings = settingsIn('datasources/hub.yaml');
  assert.equal(settings.get('apiVersion'), '1');
  assert.equal(settings.get('dbName'), database);
  assert.equal(settings.get('url'), '$HUB_INFLUX_URL');
  const used = [
    ...dashboard.templating.list,
    ...dashboard.annotations.list.filter(({ builtIn }) => builtIn !== 1),
    ...panelsOf(dashboard),
    ...panelsOf(dashboard).flatMap(({ targets = [] }) => targets),
  ].map(({ datasource }) => datasource);
  for (const datasource of used) {
    assert.deepEqual(datasource, { type: settings.get('type'), uid: settings.get('uid') });
  }
});

test('the dashboard provider finds the dashboards beside the provisioning folder', () => {
  const settings = settingsIn('dashboards/hub.yaml');
  assert.equal(settings.get('type'), 'file');
  const path = settings.get('path')?.replace('$GF_PATHS_PROVISIONING', join(grafana, 'provisioning')) ?? '';
  assert.ok(existsSync(join(normalize(path), 'fleet.json')), path);
});
