import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfig } from '../../hub/config/config.ts';
import { startHub } from '../../hub/hub.ts';
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
  ].join('\n\n');
}

async function metricsText(): Promise<string> {
  const dataDir = mkdtempSync(join(tmpdir(), 'device-hub-metrics-'));
  const anyPort = '127.0.0.1:0';
  const { config } = readConfig({
    env: {
      HUB_DATA_DIR: dataDir,
      HUB_TLS: 'off',
      HUB_DEVICE_LISTEN: anyPort,
      HUB_ADMIN_LISTEN: anyPort,
      HUB_BROKER_LISTEN: anyPort,
      HUB_HOME_ASSISTANT: 'on',
      HUB_ROLL_UPS: '1m',
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
