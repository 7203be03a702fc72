import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exposeCluster, exposePeers, type MeasuredCluster } from '../../hub/cluster/cluster-metrics.ts';
import { readConfig } from '../../hub/config/config.ts';
import { startHub } from '../../hub/hub.ts';
import type { Metrics } from '../../hub/kernel/metrics.ts';
import { createLog } from '../../hub/kernel/log.ts';
import { code, generatedNote, table } from './markdown.ts';

/** Every metric of a hub that has just started: it is asked for its own `/metrics`. */
export async function metricsPage(): Promise<string> {
  const rows = rowsOf(await metricsText());
  const own = rows.filter(([name = '']) => name.startsWith('`hub_'));
  return [
    '# Metrics',
    generatedNote('`/metrics` of a running hub'),
    '`GET /metrics` on the admin listener, in the format of Prometheus. Counters end with `_total`; a rate of losses that is not 0 is worth a look. Beside these come the metrics of the process and of Node (`process_…`, `nodejs_…`).',
    table(['Metric', 'Kind', 'Meaning'], own),
    '## Of several hubs',
    'A hub has these too when its state is in PostgreSQL.',
    table(['Metric', 'Kind', 'Meaning'], clusterRows()),
  ].join('\n\n');
}

/** Their names alone are asked for, so that no PostgreSQL is needed. */
function clusterRows(): string[][] {
  const rows: string[][] = [];
  const noteAs =
    (kind: string) =>
    (name: string, help: string): void =>
      void rows.push([code(name), kind, help]);
  const metrics = { counter: noteAs('counter'), gauge: noteAs('gauge') } as unknown as Metrics;
  exposeCluster(metrics, {} as MeasuredCluster);
  exposePeers(metrics, { counters: {} } as Parameters<typeof exposePeers>[1]);
  return rows.toSorted(([one = ''], [other = '']) => (one < other ? -1 : 1));
}

async function metricsText(): Promise<string> {
  const dataDir = mkdtempSync(join(tmpdir(), 'device-hub-metrics-'));
  const anyPort = '127.0.0.1:0';
  const { config } = readConfig({
    env: {
      HUB_DATA_DIR: dataDir,
      HUB_DEVICE_LISTEN: anyPort,
      HUB_ADMIN_LISTEN: anyPort,
      HUB_BROKER_LISTEN: anyPort,
      HUB_HOME_ASSISTANT: 'on',
      HUB_ROLL_UPS: '1m',
      // Nobody is asked there: no command is sent.
      HUB_TRACES_URL: 'http://127.0.0.1:9',
    },
    cwd: dataDir,
    isCron: () => true,
    readFile: () => '',
  });
  const hub = await startHub(config, { log: createLog({ level: 'silent' }) });
  try {
    return await (await fetch(`${hub.adminUrl}/metrics`)).text();
  } finally {
    await hub.close();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

function rowsOf(page: string): string[][] {
  const kinds = new Map(
    [...page.matchAll(/^# TYPE (\S+) (\w+)$/gm)].map(([, name = '', kind = '']) => [name, kind]),
  );
  return [...page.matchAll(/^# HELP (\S+) (.+)$/gm)]
    .map(([, name = '', help = '']) => [code(name), kinds.get(name) ?? '', help])
    .toSorted(([one = ''], [other = '']) => (one < other ? -1 : 1));
}
