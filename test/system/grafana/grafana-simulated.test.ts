import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { startFleet, type Fleet } from '../../../device-sim/device/fleet.ts';
import { registerDevices } from '../../helpers/drills/command-fleet.ts';
import { boards, faultsOf, rules } from '../../helpers/grafana/grafana-boards.ts';
import { evaluate, type Evaluation } from '../../helpers/grafana/grafana-alerts.ts';
import { writeHistory } from '../../helpers/grafana/grafana-history.ts';
import type { QueryContext } from '../../helpers/grafana/grafana-queries.ts';
import { query, startInflux, type InfluxServer } from '../../helpers/services/influxd.ts';
import { spawnHub, type HubProcess } from '../../helpers/services/process.ts';
import { openRaw, type RawDevice } from '../../helpers/devices/raw-device.ts';
import { waitFor } from '../../helpers/wait-for.ts';

/**
 * A real hub with simulated devices, commands that end well and badly, a device that goes away, one that is too hot
 * and one that sends what is refused: every query and every rule finds what it is about. The hour before is a history,
 * for what takes longer to come about than a test may last.
 */

const database = 'hub';
const simulated = ['env-sensor', 'traffic-detector', 'smart-valve'].map((name) => ({
  name,
  prefix: `sim-${name}-`,
}));

let influx: InfluxServer;
let hub: HubProcess;
let fleet: Fleet;
const raw: RawDevice[] = [];

/** A device that does what it is told; it wants to be heard of every second. */
async function openDevice(id: string, secrets: ReadonlyMap<string, string>): Promise<RawDevice> {
  const secret = secrets.get(id) ?? '';
  const device = await openRaw({ url: hub.deviceUrl, id, secret }, { heartbeatSec: 1 });
  raw.push(device);
  return device;
}

/** The value of the first column, of the newest point. */
async function newest(influxql: string): Promise<unknown> {
  const [series] = await query(influx.url, database, influxql);
  return series?.values.at(-1)?.[1];
}

async function commandOf(device: string, ...more: string[]): Promise<void> {
  const { code, stderr } = await hub.cli(['command', 'send', device, 'identify', ...more]);
  assert.equal(code, 0, stderr);
}

before(async () => {
  influx = await startInflux();
  await writeHistory(influx.url, database, Date.now());
  hub = await spawnHub({
    env: { HUB_TLS: 'off', HUB_INFLUX_URL: influx.url, HUB_INFLUX_DATABASE: database },
  });
  const members = [];
  for (const { name, prefix } of simulated) {
    const type = `${name}@1`;
    const secrets = await registerDevices(hub, { prefix, count: 2, type });
    members.push(...[...secrets].map(([id, secret]) => ({ id, secret, type })));
  }
  fleet = startFleet({ url: hub.deviceUrl, seed: 'grafana', members, intervalSec: 1, staggerMs: 0 });
  const secrets = await registerDevices(hub, { prefix: 'raw-', count: 5, type: 'env-sensor@1' });
  const [gone = '', hot = '', bad = '', fails = '', cut = ''] = [...secrets.keys()];

  await waitFor(() => fleet.counters().online === members.length, {
    what: 'the simulated devices are online',
  });
  await commandOf(members[0]?.id ?? '', '--wait');

  const failing = await openDevice(fails, secrets);
  await commandOf(fails);
  const { id: failed } = await failing.next('command');
  failing.send({ type: 'received', re: failed });
  failing.send({ type: 'result', re: failed, status: 'failed', error: 'the lamp is broken' });

  const cutOff = await openDevice(cut, secrets);
  await commandOf(cut);
  const { id: open } = await cutOff.next('command');
  cutOff.send({ type: 'received', re: open });
  cutOff.close();

  (await openDevice(gone, secrets)).close();
  const heater = await openDevice(hot, secrets);
  heater.send({ type: 'telemetry', seq: 1, stream: 'env', ts: Date.now(), data: { temperature: 80 } });

  // What is refused counts from one of the hub's points to the next.
  await waitFor(() => newest('SELECT count("uptimeSec") FROM "hub" WHERE "uptimeSec" > 5'), {
    what: 'the hub has written its numbers',
    timeoutMs: 15_000,
    everyMs: 100,
  });
  const liar = await openDevice(bad, secrets);
  liar.send({ type: 'telemetry', seq: 1, stream: 'env', ts: Date.now(), data: { temperature: 500 } });
  await liar.next('nack');
  await waitFor(async () => Number(await newest('SELECT last("rejected") FROM "hub"')) > 0, {
    what: 'the hub has written that it refused a reading',
    timeoutMs: 15_000,
    everyMs: 100,
  });
  for (const [condition, what] of [
    [`"status" = 'failed'`, 'a failed command'],
    [`"status" = 'uncertain'`, 'an uncertain command'],
  ] as const) {
    await waitFor(() => newest(`SELECT count("totalMs") FROM "command" WHERE ${condition}`), { what });
  }
  await waitFor(
    () => newest(`SELECT count("state") FROM "presence" WHERE "device" = '${gone}' AND "state" = 'offline'`),
    { what: 'the device that is gone is offline' },
  );
});

after(async () => {
  for (const device of raw) device.close();
  await fleet?.close();
  await hub?.close();
  await influx?.close();
});

function contextsOf(nowMs: number): QueryContext[] {
  const all = { all: '.*' };
  const window = { fromMs: nowMs - 3_600_000, toMs: nowMs, intervalMs: 5_000 };
  const devices = simulated.flatMap(({ prefix }) => ['1', '2'].map((number) => `${prefix}${number}`));
  return [
    { ...window, variables: { site: all, type: all, device: all, name: all, hub: all, resolution: '{0}' } },
    {
      ...window,
      variables: {
        site: ['default', 'south'],
        type: simulated.map(({ name }) => name),
        device: devices,
        name: 'identify',
        hub: all,
        resolution: '{0}',
      },
    },
  ];
}

suite('Grafana on what a hub with simulated devices has written', () => {
  test('every query of every dashboard returns rows', async () => {
    const contexts = contextsOf(Date.now());
    assert.equal(boards.size, 6);
    for (const [name, board] of boards) {
      assert.deepEqual(await faultsOf(board, contexts, { url: influx.url, database }), [], name);
    }
  });

  test('every panel of a field shows the simulated devices themselves', async () => {
    const [, chosen] = contextsOf(Date.now());
    assert.ok(chosen);
    for (const { name } of simulated) {
      const board = boards.get(`type-${name}`);
      assert.ok(board);
      const readings = { ...board, annotations: { list: [] }, templating: { list: [] } };
      const panels = readings.panels.filter(({ title }) => title !== 'Latest events');
      // The last minute is theirs alone: the history is of other devices.
      const context = { ...chosen, fromMs: chosen.toMs - 60_000 };
      const faults = await faultsOf({ ...readings, panels }, [context], { url: influx.url, database });
      assert.deepEqual(faults, [], name);
    }
  });

  test('every rule finds series, and those fire that have a reason', async () => {
    const nowMs = Date.now();
    const found = new Map<string, Evaluation>();
    for (const [uid, rule] of rules) {
      found.set(uid, await evaluate(rule, { url: influx.url, database, nowMs }));
    }
    const silent = [...found].filter(([, { series }]) => series === 0).map(([uid]) => uid);
    assert.deepEqual(silent, []);
    const firing = (uid: string, label: string): string[] =>
      (found.get(`device-hub-${uid}`)?.firing ?? []).map((tags) => tags[label] ?? '').toSorted();
    assert.ok(firing('offline', 'device').includes('raw-1'));
    assert.ok(!firing('offline', 'device').includes('sim-env-sensor-1'));
    const temperature = [...rules.values()].find(({ title }) =>
      title.startsWith('env-sensor env temperature'),
    );
    assert.deepEqual(firing(temperature?.uid.replace('device-hub-', '') ?? '', 'device'), ['raw-2']);
    assert.deepEqual(firing('command-failures', 'name'), ['identify']);
    assert.deepEqual(firing('command-uncertain', 'name'), ['identify']);
    assert.equal(firing('hub-rejected', 'hub').length, 1);
    const calm = ['silent', 'degraded', 'buffer', 'spool', 'dropped', 'deadlettered', 'imbalance'];
    assert.deepEqual(
      calm.flatMap((name) => firing(`hub-${name}`, 'hub')),
      [],
    );
  });

  test('what the liar was refused is counted under its field and rule', async () => {
    const refused = `"type" = 'env-sensor' AND "stream" = 'env' AND "field" = '/temperature' AND "rule" = 'maximum'`;
    const frames = await waitFor(() => newest(`SELECT sum("frames") FROM "refused" WHERE ${refused}`), {
      what: 'the hub has written what it refused',
      timeoutMs: 15_000,
      everyMs: 100,
    });
    assert.equal(frames, 1);
  });

  test('the hub writes how long its writes take', async () => {
    const took = await newest(`SELECT last("storeWriteMs") FROM "hub" WHERE "hub" != 'hub-of-history'`);
    assert.ok(Number(took) > 0, `${String(took)} ms`);
  });

  test('a hub that is gone is missed', async () => {
    const rule = rules.get('device-hub-hub-silent');
    assert.ok(rule);
    const later = Date.now() + 600_000;
    const { series } = await evaluate(rule, { url: influx.url, database, nowMs: later });
    assert.deepEqual([series, rule.noDataState], [0, 'Alerting']);
  });
});
