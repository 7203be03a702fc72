import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openRaw, type RawDevice } from '../../helpers/devices/raw-device.ts';
import { registerDevices } from '../../helpers/drills/command-fleet.ts';
import { blocksOf } from '../../helpers/docs/new-reader.ts';
import { spawnHub, type HubProcess } from '../../helpers/services/process.ts';
import { startPrometheus, type PrometheusServer } from '../../helpers/services/prometheus.ts';
import { waitFor } from '../../helpers/wait-for.ts';

/** A real Prometheus scrapes a real hub as the page about it says, with our rules, and is asked what our dashboard asks. */

const root = new URL('../../../', import.meta.url);
const rulesFile = fileURLToPath(new URL('packaging/prometheus/device-hub.rules.yaml', root));

interface Panel {
  title: string;
  targets?: { expr: string }[];
}

let hub: HubProcess;
let prometheus: PrometheusServer;
let device: RawDevice;

before(async () => {
  hub = await spawnHub();
  const { host } = new URL(hub.adminUrl);
  const [documented = ''] = blocksOf('docs/monitoring.md', 'yaml');
  assert.match(documented, /127\.0\.0\.1:8080/);
  prometheus = await startPrometheus(
    [
      'global: { scrape_interval: 1s, evaluation_interval: 1s }',
      `rule_files: [${JSON.stringify(rulesFile)}]`,
      documented.replace('127.0.0.1:8080', host),
    ].join('\n'),
  );
  const secrets = await registerDevices(hub, { prefix: 'd-', count: 3, type: 'env-sensor@1' });
  const open = (name: string): Promise<RawDevice> =>
    openRaw({ url: hub.deviceUrl, id: name, secret: secrets.get(name) ?? '', dataDir: hub.dataDir });
  const [id = '', lost = '', disabled = ''] = [...secrets.keys()];
  device = await open(id);
  device.send({ type: 'telemetry', seq: 1, stream: 'env', ts: Date.now(), data: { temperature: 21 } });
  device.send({ type: 'telemetry', seq: 2, stream: 'env', ts: Date.now(), data: { temperature: 900 } });
  (await open(lost)).close();
  const refused = await open(disabled);
  assert.equal((await hub.cli(['device', 'disable', disabled])).code, 0);
  refused.close();
  const { code, stderr } = await hub.cli(['command', 'send', id, 'identify']);
  assert.equal(code, 0, stderr);
  const { id: command } = await device.next('command');
  device.send({ type: 'received', re: command });
  device.send({ type: 'result', re: command, status: 'succeeded' });
});

after(async () => {
  device?.close();
  await prometheus?.close();
  await hub?.close();
});

suite('Prometheus on a real hub', () => {
  test('the hub is up, and each rule is evaluated without a fault', async () => {
    await waitFor(async () => (await prometheus.query('up{job="device-hub"} == 1')).length === 1, {
      what: 'the hub is scraped',
      timeoutMs: 20_000,
      everyMs: 100,
    });
    const rules = await waitFor(
      async () => {
        const found = await prometheus.rules();
        return found.every(({ health }) => health !== 'unknown') && found;
      },
      { what: 'all rules are evaluated', timeoutMs: 20_000, everyMs: 100 },
    );
    assert.ok(rules.length > 15);
    assert.deepEqual(
      rules.filter(({ health }) => health !== 'ok'),
      [],
    );
    assert.deepEqual(
      rules.filter(({ state }) => state === 'firing'),
      [],
    );
  });

  test('each query of the dashboard is answered, and has series', async () => {
    const board = JSON.parse(
      readFileSync(new URL('dashboards/grafana/prometheus/metrics.json', root), 'utf8'),
    ) as { panels: Panel[] };
    const asked = board.panels.flatMap(({ title, targets = [] }) =>
      targets.map(({ expr }) => ({
        title,
        promql: expr.replaceAll('$instance', '.*').replaceAll('$__rate_interval', '10s'),
      })),
    );
    assert.ok(asked.length > 30);
    const silent = async (): Promise<string[]> => {
      const series = await Promise.all(asked.map(({ promql }) => prometheus.query(promql)));
      return asked.flatMap(({ title, promql }, at) =>
        series[at]?.length === 0 ? [`${title}: ${promql}`] : [],
      );
    };
    const ofTrouble = /hub_points_dropped_total/u;
    await waitFor(async () => (await silent()).every((query) => ofTrouble.test(query)), {
      what: 'each query has series',
      timeoutMs: 20_000,
      everyMs: 200,
    }).catch(async (error: unknown) => {
      throw new Error(`without series: ${(await silent()).join('; ')}`, { cause: error });
    });
  });

  test('the recorded rules have series', async () => {
    for (const name of ['points_received:rate5m', 'points_stored:rate5m', 'store_write_seconds:max5m']) {
      await waitFor(async () => (await prometheus.query(`device_hub:${name}`)).length === 1, {
        what: `${name} is recorded`,
        timeoutMs: 20_000,
        everyMs: 100,
      });
    }
  });
});
